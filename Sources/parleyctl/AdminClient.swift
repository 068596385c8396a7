// Asks the admin endpoint one question and waits for the answer.

import AdminAPI
import Configuration
import EventLoop
import NetTypes

/// One question, on a loop that runs for nothing else.
final class AdminClient: DeadlineHandler {
  static let patience = Duration.seconds(10)

  private let address: AdminAddress
  private let loop: EventLoop
  private var result: Result<Reply, Failure>?
  private(set) var nextDeadline: Instant?

  /// Waits for the answer, whatever its status.
  static func ask(_ path: AdminPath, at address: AdminAddress) throws(Failure) -> Reply {
    let client: AdminClient
    do throws(SystemError) {
      client = try AdminClient(address)
    } catch {
      throw Failure(error, at: address)
    }
    return try client.ask(path)
  }

  private init(_ address: AdminAddress) throws(SystemError) {
    self.address = address
    loop = try EventLoop()
    nextDeadline = Clock.now() + Self.patience
  }

  private func ask(_ path: AdminPath) throws(Failure) -> Reply {
    let exchange = try AdminExchange(path, at: address, on: loop) { [weak self] in
      self?.finish($0)
    }
    loop.add(self)
    loop.run()
    exchange.cancel()
    guard let result else { throw .hungUp(address) }
    return try result.get()
  }

  func advance(to now: Instant) {
    finish(.failure(.silent(address, seconds: Self.patience.components.seconds)))
  }

  private func finish(_ outcome: Result<Reply, Failure>) {
    if result == nil { result = outcome }
    nextDeadline = nil
    loop.stop()
  }
}
