// Where the sockets of a run are bound.

internal import NetTypes

extension RelayOptions {
  /// On loopback towards loopback, else on all addresses; any port.
  var localAddress: SocketAddress {
    let isV4 = server.ip.family == .v4
    if Commands.isLoopback(server.ip) {
      return SocketAddress(isV4 ? .loopbackV4 : .loopbackV6, port: 0)
    }
    return SocketAddress(isV4 ? IPAddress(0, 0, 0, 0) : IPAddress(v6High: 0, low: 0), port: 0)
  }
}
