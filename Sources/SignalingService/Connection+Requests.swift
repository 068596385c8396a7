// A connection while it speaks HTTP.

internal import EventLoop
internal import Gate
internal import HTTP1
internal import NetTypes

extension Connection {
  /// Answers the requests that have arrived, one after the other; goes on when answers have left.
  func readRequests() {
    var hasMore = true
    while hasMore, phase == .http, !stream.isClosed,
      stream.queuedBytes <= Self.responsesQueuedMax
    {
      guard let home else { return }
      if let exchange {
        hasMore = readBody(exchange, home)
      } else {
        hasMore = readHead(home)
      }
    }
    if phase == .lobby { readFrames() }
    // A client that has ended its half still gets the answers to what it asked before.
    if phase == .http, !hasMore, stream.hasEnded, exchange?.isAsking != true {
      stream.closeAfterWriting()
    }
  }

  /// False: the head is not complete.
  private func readHead(_ home: SignalingLoop) -> Bool {
    switch stream.withInput({ parser.parse($0.span) }) {
    case .needMore: return false
    case .malformed(let fault): refuse(fault, home)
    case .request(let request, let consumed):
      stream.consume(consumed)
      answer(request, home)
    }
    return true
  }

  private func refuse(_ fault: HTTPFault, _ home: SignalingLoop) {
    home.counters.httpFaults[fault.rawValue, default: 0] += 1
    respond(.text(fault.status), .closing)
  }

  private func answer(_ request: RequestHead, _ home: SignalingLoop) {
    client = shared.settings.forwarding.client(of: request, from: peer)
    switch home.router.route(request) {
    case .respond(let response):
      // Where an unread body ends is not worth looking for.
      respond(response, request.hasBody ? request.responseMode.closingAfter : request.responseMode)
    case .upgrade(let response, let deflate):
      // A proxy's connection counts for its client, now that it is known whose it is.
      if client != peer.unmapped, let place, !place.claim(client) {
        home.count(.sourceOutsideRooms)
        return respond(.text(.serviceUnavailable), .closing)
      }
      respond(response, ResponseMode(isHead: false, keepAlive: true))
      if let asking = OriginPolicy.origin(of: request) { origin = asking }
      upgrade(deflate)
      home.wake(self, at: home.loop.now + home.joinTimeout)
    case .hand(let mount):
      exchange = Exchange(mount, request)
      // RFC 9110 §10.1.1: not when the body is already coming.
      if request.expectsContinue && stream.input.isEmpty {
        stream.send(HTTPResponse.continueBytes)
      }
    }
  }

  /// False: the body is not complete, or the answer is waited for.
  private func readBody(_ exchange: Exchange, _ home: SignalingLoop) -> Bool {
    if exchange.isAsking { return false }
    switch stream.withInput({ exchange.reader.read($0.span) }) {
    case .needMore(let consumed):
      stream.consume(consumed)
      return false
    case .malformed(let fault): refuse(fault, home)
    case .complete(let body, let consumed):
      stream.consume(consumed)
      ask(exchange, body, home)
    }
    return true
  }

  private func ask(_ exchange: Exchange, _ body: [UInt8], _ home: SignalingLoop) {
    exchange.isAsking = true
    home.wake(self, at: home.loop.now + home.shared.settings.requestTimeout)
    var isAtOnce = true
    let request = MountedRequest(head: exchange.head, body: body, client: client)
    exchange.mount.handle(request) { [weak self] response in
      guard let self, self.exchange === exchange else { return }
      respond(response, exchange.head.responseMode)
      if !isAtOnce { readRequests() }
    }
    isAtOnce = false
  }

  /// The answer did not come in time.
  func giveUp(_ exchange: Exchange) {
    respond(.text(.serviceUnavailable), exchange.head.responseMode.closingAfter)
  }

  private func respond(_ response: HTTPResponse, _ mode: ResponseMode) {
    guard let home else { return }
    exchange = nil
    let isUpgrade = response.status == .switchingProtocols
    let response = isUpgrade ? response : Router.guarded(response, isSecure: isSecure)
    let isLast = !mode.keepAlive || (home.isStopping && !isUpgrade)
    let mode = isLast ? mode.closingAfter : mode
    home.counters.responses[response.status.code, default: 0] += 1
    stream.send(response.encoded(mode: mode, date: home.date()))
    if isLast { stream.endAfterWriting() }
    let isLeaving = isLast && stream.queuedBytes == 0
    let patience = isLeaving ? Self.linger : home.shared.settings.requestTimeout
    home.wake(self, at: home.loop.now + patience)
    guard isLast else { return }
    phase = .lingering
    if stream.hasEnded { stream.closeAfterWriting() }
  }
}
