// One round of questions for `watch`: what is there now.

import AdminAPI
import EventLoop
import NetTypes

/// The questions of one moment, on their way together.
final class WatchRound {
  private let presentation: Presentation
  private let done: (Result<Sample, Failure>) -> Void
  private var exchanges: [AdminExchange] = []
  private var left = 0
  private var sample = Sample()

  /// `done` is called once, when all is answered or one is not, unless it is cancelled before.
  init(
    _ settings: Settings, _ presentation: Presentation, on loop: EventLoop, at now: Instant,
    done: @escaping (Result<Sample, Failure>) -> Void
  ) throws(Failure) {
    self.presentation = presentation
    self.done = done
    sample.at = now
    let questions: [(AdminPath, (WatchRound) -> (Reply) throws(Failure) -> Void)] = [
      (.rooms(tenant: settings.tenant), { $0.takeRooms }),
      (.allocations, { $0.takeAllocations }),
      (.stats, { $0.takeStats }),
    ]
    left = questions.count
    for (path, take) in questions {
      exchanges.append(
        try AdminExchange(path, at: settings.admin, on: loop) { [weak self] result in
          self.map { $0.heard(result, take($0)) }
        })
    }
  }

  /// Forgets the questions.
  func cancel() {
    for exchange in exchanges { exchange.cancel() }
    left = 0
  }

  private func heard(
    _ result: Result<Reply, Failure>, _ take: (Reply) throws(Failure) -> Void
  ) {
    guard left > 0 else { return }
    do throws(Failure) {
      try take(try result.get())
      left -= 1
      if left == 0 { done(.success(sample)) }
    } catch {
      cancel()
      done(.failure(error))
    }
  }

  private func takeRooms(_ reply: Reply) throws(Failure) {
    guard !presentation.saysNoRooms(reply) else { return }
    sample.rooms = try presentation.document(of: reply)
  }

  private func takeAllocations(_ reply: Reply) throws(Failure) {
    sample.allocations = try presentation.document(of: reply)
  }

  private func takeStats(_ reply: Reply) throws(Failure) {
    sample.stats = try presentation.document(of: reply)
  }
}
