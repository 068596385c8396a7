// Requests with their bodies: the same however the bytes arrive, and the same again when they are
// written by our own writer.

import HTTP1
import WebSocket

enum HTTPTarget {
  private static let bodyBytesMax = 100

  /// The first byte says how the bytes arrive; the others are what a client sends.
  static func run(_ input: [UInt8]) throws(Finding) {
    let head = input.first ?? 0
    let stream = Array(input.dropFirst())
    let whole = try requests(stream, arriving: max(1, stream.count))
    let pieces = try requests(stream, arriving: 1 + Int(head) % 24)
    try require(whole.requests == pieces.requests, "requests depend on how the bytes arrive")
    try require(whole.fault == pieces.fault, "the fault depends on how the bytes arrive")
    for request in whole.requests {
      try check(request.head)
      try require(request.body.count <= bodyBytesMax, "a body beyond the limit")
      try writeAgain(request)
      try upgrade(request.head)
    }
  }

  private struct Request: Equatable {
    let head: RequestHead
    let body: [UInt8]
  }

  private struct Outcome {
    var requests: [Request] = []
    var fault: HTTPFault?
  }

  private static func requests(
    _ stream: [UInt8], arriving step: Int
  ) throws(Finding) -> Outcome {
    var parser = RequestParser(bodyBytesMax: bodyBytesMax)
    var open: (head: RequestHead, reader: BodyReader)?
    var outcome = Outcome()
    var buffered: [UInt8] = []
    var start = 0
    while start < stream.count {
      let end = min(stream.count, start + step)
      buffered += stream[start..<end]
      start = end
      reading: while true {
        if let (head, before) = open {
          var reader = before
          let result = reader.read(buffered.span)
          open = (head, reader)
          switch result {
          case .needMore(let consumed):
            try drop(consumed, &buffered)
            break reading
          case .complete(let body, let consumed):
            try drop(consumed, &buffered)
            outcome.requests.append(Request(head: head, body: body))
            open = nil
          case .malformed(let fault):
            outcome.fault = fault
            return outcome
          }
        } else {
          switch parser.parse(buffered.span) {
          case .needMore:
            try require(buffered.count < HTTPLimits.headBytesMax + 2, "a head without an end")
            break reading
          case .request(let head, let consumed):
            try require(consumed > 0, "a head of nothing")
            try drop(consumed, &buffered)
            open = (head, BodyReader(head.bodyFraming, bytesMax: bodyBytesMax))
          case .malformed(let fault):
            outcome.fault = fault
            return outcome
          }
        }
      }
    }
    return outcome
  }

  private static func drop(_ count: Int, _ buffered: inout [UInt8]) throws(Finding) {
    try require((0...buffered.count).contains(count), "\(count) of \(buffered.count) bytes taken")
    buffered.removeFirst(count)
  }

  private static func check(_ head: RequestHead) throws(Finding) {
    try require(head.path.hasPrefix("/") || head.path == "*", "a path that is none")
    let segments = head.path.split(separator: "/")
    try require(!segments.contains { $0 == "." || $0 == ".." }, "a path that leaves the tree")
    let hasControls = head.path.utf8.contains { $0 < 0x20 || $0 == 0x7F }
    try require(!hasControls, "a control character in the path")
    let lengths = head.fields.values("content-length").count
    let codings = head.fields.values("transfer-encoding").count
    try require(lengths + codings <= 1, "two things that tell a length")
    try require(head.fields.values("host").count <= 1, "two hosts")
  }

  /// The same request by our writer reads the same.
  private static func writeAgain(_ request: Request) throws(Finding) {
    let head = request.head
    guard head.target.hasPrefix("/"), !head.authority.isEmpty else { return }
    let written = HTTPRequest(head.method, head.target, host: head.authority, body: request.body)
    var parser = RequestParser(bodyBytesMax: bodyBytesMax)
    let bytes = written.encoded()
    guard case .request(let again, let consumed) = parser.parse(bytes.span) else {
      throw Finding(description: "what is written is no request")
    }
    try require(
      again.method == head.method && again.path == head.path && again.query == head.query
        && again.authority == head.authority, "a request that changes when it is written")
    try require(Array(bytes[consumed...]) == request.body, "another body")
  }

  /// What the handshake makes of it can be written.
  private static func upgrade(_ head: RequestHead) throws(Finding) {
    switch ServerHandshake(head, deflates: true) {
    case .accepted(_, let deflate, let response):
      let extensions = response.fields.values("sec-websocket-extensions")
      try require(extensions.count == (deflate == nil ? 0 : 1), "an extension without agreement")
      _ = response.encoded(mode: ResponseMode(isHead: false, keepAlive: true), date: "now")
    case .refused(let fault): try require(fault.status.code >= 400, "a refusal that is none")
    }
  }
}
