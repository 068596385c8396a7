// One client of the admin endpoint: its requests one after the other, each with a deadline.

internal import EventLoop
internal import HTTP1
internal import NetTypes

/// A connection. Everything here happens on the loop of the endpoint, hence `@unchecked Sendable`.
final class AdminConnection: ByteStreamHandler, @unchecked Sendable {
  private enum Phase {
    /// A request is on its way, or none.
    case reading
    /// The services are being asked.
    case asking
    /// The client has not yet read the answer.
    case writing
    /// The client has not yet read the last answer.
    case closing
  }

  let stream: ByteStream
  /// When ``expire()`` is due if nothing happens.
  private(set) var deadline: Instant
  private weak var owner: AdminConnections?
  private let loop: EventLoop
  private var phase = Phase.reading
  private var parser = RequestParser()
  /// Tells the answer that is waited for from one that came too late.
  private var questions = 0

  init(_ stream: ByteStream, of owner: AdminConnections, on loop: EventLoop) {
    self.stream = stream
    self.owner = owner
    self.loop = loop
    deadline = loop.now + AdminLimits.requestTimeout
    stream.handler = self
  }

  /// Whether nobody waits for an answer here; then ``deadline`` counts from the last one.
  var isIdle: Bool { phase == .reading }

  // MARK: Events of the socket

  func received(on stream: ByteStream) { readRequests() }

  func drained(_ stream: ByteStream) {
    guard phase == .writing else { return }
    awaitRequest()
    readRequests()
  }

  func closed(_ stream: ByteStream) { owner?.forget(self) }

  func expire() {
    if phase == .asking {
      respond(AdminRefusal.noAnswer.response, .closing)
    } else {
      stream.close()
    }
  }

  // MARK: Requests and answers

  private func readRequests() {
    while phase == .reading, !stream.isClosed {
      switch stream.withInput({ parser.parse($0.span) }) {
      case .needMore: return
      case .malformed(let fault): respond(AdminRefusal.badRequest(fault).response, .closing)
      case .request(let request, let consumed):
        stream.consume(consumed)
        answer(request)
      }
    }
  }

  private func answer(_ request: RequestHead) {
    guard let owner else { return stream.close() }
    // No request here needs a body, so where one ends is not worth looking for.
    let mode = request.hasBody ? request.responseMode.closingAfter : request.responseMode
    do throws(AdminRefusal) {
      let path = try AdminRouter.route(request, guarding: owner.isReachedByBrowsers)
      questions += 1
      let question = questions
      phase = .asking
      deadline = loop.now + AdminLimits.inspectionTimeout
      owner.sources.answer(path, on: loop) { [weak self] response in
        guard let self, phase == .asking, questions == question else { return }
        respond(response, mode)
        readRequests()
      }
    } catch {
      respond(error.response, mode)
    }
  }

  private func respond(_ response: HTTPResponse, _ mode: ResponseMode) {
    let date = HTTPDate.format(unixSeconds: Int(loop.wallClock.unixSeconds(at: loop.now)))
    deadline = loop.now + AdminLimits.answerTimeout
    phase = mode.keepAlive ? .writing : .closing
    guard stream.send(response.encoded(mode: mode, date: date)) else { return stream.close() }
    if phase == .closing {
      stream.closeAfterWriting()
    } else if stream.queuedBytes == 0 {
      awaitRequest()
    }
  }

  private func awaitRequest() {
    phase = .reading
    deadline = loop.now + AdminLimits.requestTimeout
  }
}
