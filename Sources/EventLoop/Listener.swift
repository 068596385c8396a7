// Listening TCP and Unix sockets, accepting on one loop.

internal import CLinux
internal import Glibc
public import NetTypes

/// Accepts connections on its loop and hands their descriptors on.
public final class Listener: EventHandler, DeadlineHandler {
  /// Connections taken at one readiness, so that a storm of them does not starve the others.
  private static let acceptsPerTurn = 64
  /// When everybody comes back at once they wait here; who finds no place comes a second later.
  private static let backlog: Int32 = 4_096
  /// How long nothing is accepted once there was no descriptor for it. Whoever waits stays in the
  /// backlog, and epoll would tell of them again at once, and again.
  private static let pause = Duration.milliseconds(100)

  public enum Endpoint: Sendable {
    case tcp(SocketAddress)
    case unix(path: String)
  }

  private let descriptor: Int32
  /// The socket file that is ours to remove.
  private let path: String?
  /// The TCP address in use; `nil` for a Unix socket.
  public let address: SocketAddress?
  private unowned let loop: EventLoop
  private var registration: EventLoop.Registration?
  private let accept: (_ descriptor: Int32, _ peer: SocketAddress?) -> Void
  /// Failed accepts, mostly for want of descriptors.
  public private(set) var failures: UInt64 = 0
  /// The end of the pause, while there is one.
  public private(set) var nextDeadline: Instant?

  /// - Parameters:
  ///   - reusePort: one listener for each loop shares the address.
  ///   - accept: owns the descriptor it is given; called on the loop.
  public init(
    _ endpoint: Endpoint, reusePort: Bool = false, on loop: EventLoop,
    accept: @escaping (Int32, SocketAddress?) -> Void
  ) throws(SystemError) {
    self.loop = loop
    self.accept = accept
    switch endpoint {
    case .tcp(let wanted):
      var local = wanted.raw
      var bound = parley_address()
      descriptor = try SystemError.check(
        unsafe parley_tcp_listen(&local, reusePort ? 1 : 0, Self.backlog, &bound),
        "listen tcp", wanted.text)
      address = SocketAddress(bound)
      path = nil
    case .unix(let path):
      descriptor = try SystemError.check(
        unsafe parley_unix_listen(path, Self.backlog), "listen unix", path)
      address = nil
      self.path = path
    }
    do {
      registration = try loop.register(descriptor, for: .readable, handler: self)
    } catch {
      parley_close(descriptor)
      throw error
    }
    loop.add(self)
  }

  /// Throws when somebody listens at `address` already; see ``UDPSocket/requireFree(_:)``.
  public static func requireFree(_ address: SocketAddress) throws(SystemError) {
    var local = address.raw
    var bound = parley_address()
    parley_close(
      try SystemError.check(
        unsafe parley_tcp_listen(&local, 0, 1, &bound), "listen tcp", address.text))
  }

  public func ready(_ readiness: Readiness, now: Instant) {
    for _ in 0..<Self.acceptsPerTurn {
      var peer = parley_address()
      let accepted = unsafe parley_accept(descriptor, &peer)
      guard accepted >= 0 else {
        return failed(-accepted, now: now)
      }
      accept(accepted, SocketAddress(peer))
    }
  }

  private func failed(_ code: Int32, now: Instant) {
    guard code != EAGAIN, let registration else { return }
    failures += 1
    // That one is gone from the backlog; all other failures would come again with the next.
    if code == ECONNABORTED { return }
    loop.setInterest([], of: registration)
    nextDeadline = now + Self.pause
  }

  /// Accepts again after a pause.
  public func advance(to now: Instant) {
    nextDeadline = nil
    if let registration { loop.setInterest(.readable, of: registration) }
  }

  /// Stops accepting, and removes the file of a Unix socket. To be called on the loop, or when it
  /// no longer runs.
  public func close() {
    guard let registration else { return }
    self.registration = nil
    nextDeadline = nil
    loop.deregister(registration)
    // While the descriptor is open nobody else takes the path, so the file is still ours.
    if let path { _ = unsafe unlink(path) }
    parley_close(descriptor)
  }
}
