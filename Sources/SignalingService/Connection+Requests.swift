// A connection while it speaks HTTP.

internal import EventLoop
internal import HTTP1
internal import NetTypes

extension Connection {
  /// Answers the requests that have arrived, one after the other; goes on when answers have left.
  func readRequests() {
    while phase == .http, !stream.isClosed, stream.queuedBytes <= Self.responsesQueuedMax {
      guard let home else { return }
      switch stream.withInput({ parser.parse($0.span) }) {
      case .needMore: return
      case .malformed(let fault):
        home.counters.httpFaults[fault.rawValue, default: 0] += 1
        respond(home.router.answer(fault), .closing)
      case .request(let request, let consumed):
        stream.consume(consumed)
        answer(request, home)
      }
    }
    if phase == .lobby { readFrames() }
  }

  private func answer(_ request: RequestHead, _ home: SignalingLoop) {
    let mode = request.responseMode
    switch home.router.route(request) {
    case .respond(let response):
      respond(response, home.isStopping ? mode.closingAfter : mode)
    case .upgrade(let response):
      respond(response, mode)
      phase = .lobby
      home.wake(self, at: home.loop.now + home.joinTimeout)
    }
  }

  private func respond(_ response: HTTPResponse, _ mode: ResponseMode) {
    guard let home else { return }
    home.counters.responses[response.status.code, default: 0] += 1
    stream.send(response.encoded(mode: mode, date: home.date()))
    if mode.keepAlive {
      home.wake(self, at: home.loop.now + home.shared.settings.requestTimeout)
    } else {
      phase = .closing
      home.wake(self, at: home.loop.now + home.shared.settings.requestTimeout)
      stream.closeAfterWriting()
    }
  }
}
