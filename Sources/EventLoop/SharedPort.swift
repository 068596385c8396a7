// A TCP port that is listened at and connected from at the same time (RFC 6062 §5.2).

internal import CLinux
internal import Glibc
public import NetTypes

/// A listening socket whose address connections are also made from; its owner closes it.
public struct SharedPort: Sendable {
  public enum Accepted {
    case connection(descriptor: Int32, peer: SocketAddress)
    /// Nobody waits.
    case none
    /// Whoever waits can not be accepted now, for want of descriptors or the like.
    case failed
  }

  private static let backlog: Int32 = 64

  public let descriptor: Int32
  public let address: SocketAddress

  /// Throws when somebody listens at `address` already: sockets that share a port would divide the
  /// connections between them, without a word.
  public init(_ address: SocketAddress) throws(SystemError) {
    try Listener.requireFree(address)
    var local = address.raw
    var bound = parley_address()
    descriptor = try SystemError.check(
      unsafe parley_tcp_listen(&local, 1, Self.backlog, &bound), "listen tcp", address.text)
    self.address = address
  }

  public func accept() -> Accepted {
    while true {
      var peer = parley_address()
      let accepted = unsafe parley_accept(descriptor, &peer)
      if accepted >= 0, let peer = SocketAddress(peer) {
        return .connection(descriptor: accepted, peer: peer)
      }
      if accepted == -ECONNABORTED { continue }
      return accepted == -EAGAIN ? .none : .failed
    }
  }

  public func close() { parley_close(descriptor) }
}
