// The admin endpoint of a process: JSON over HTTP for those who run it.

public import Configuration
public import EventLoop
public import RelayService
public import SignalingService
internal import Logging
internal import NetTypes

/// Answers questions about the rooms and the relay of this process, and lets it drain. The paths
/// are those of `AdminPath`.
///
/// It has no passwords: a Unix socket is for the user that runs the server, and over TCP whoever
/// reaches the port may ask, except pages in a browser.
public final class AdminService {
  /// Where it listens, with the port in use.
  public let address: AdminAddress
  private let listener: Listener
  private let connections: AdminConnections

  /// Listens at `address`; it serves as soon as the loop runs.
  ///
  /// - Parameters:
  ///   - lifecycle: the process's own.
  ///   - loop: the control loop: a list of thousands of allocations keeps it busy for longer than a
  ///     packet may wait.
  ///   - signaling: the process's own, if it has any.
  public init(
    at address: AdminAddress, of lifecycle: Lifecycle, on loop: EventLoop, relay: RelayService,
    signaling: SignalingService? = nil
  ) throws(SystemError) {
    let (endpoint, isTCP): (Listener.Endpoint, Bool) =
      switch address {
      case .tcp(let socketAddress): (.tcp(socketAddress), true)
      case .unix(let path): (.unix(path: path), false)
      }
    let connections = AdminConnections(
      AdminSources(lifecycle: lifecycle, relay: relay, signaling: signaling),
      isReachedByBrowsers: isTCP, on: loop)
    listener = try Listener(endpoint, on: loop) { descriptor, peer in
      connections.accept(descriptor, peer)
    }
    self.connections = connections
    self.address = listener.address.map { .tcp($0) } ?? address
    if let bound = listener.address, !bound.ip.isLoopback {
      Log.warning(
        "admin endpoint without passwords is open to other machines",
        ["address": .public(bound)])
    }
  }

  /// Stops listening, removes the file of a Unix socket and closes every connection. To be called
  /// on the loop, or when it no longer runs.
  public func stop() {
    listener.close()
    connections.closeAll()
  }
}

extension IPAddress {
  fileprivate var isLoopback: Bool {
    switch family {
    case .v4: low >> 24 & 0xFF == 127
    case .v6: self == .loopbackV6
    }
  }
}
