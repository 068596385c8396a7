// Asks the admin endpoint one question over a connection of its own.

import AdminAPI
import Configuration
import EventLoop
import HTTP1
import NetTypes

/// An answer with all of its body.
struct Reply: Equatable, Sendable {
  let status: HTTPStatus
  let body: [UInt8]
}

/// One request and its answer, on a loop that runs for nothing else.
final class AdminClient: ByteStreamHandler, DeadlineHandler {
  /// More than the server ever answers with.
  static let bodyBytesMax = 128 << 20
  static let patience = Duration.seconds(10)

  private let address: AdminAddress
  private let loop: EventLoop
  private var stream: ByteStream?
  private var parser = ResponseParser()
  private var head: ResponseHead?
  private var isConnected = false
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
    let inputMax = Self.bodyBytesMax + HTTPLimits.headBytesMax
    let outputMax = HTTPLimits.headBytesMax
    stream =
      switch address {
      case .tcp(let target):
        try ByteStream(connect: target, on: loop, inputMax: inputMax, outputMax: outputMax)
      case .unix(let path):
        try ByteStream(connectUnix: path, on: loop, inputMax: inputMax, outputMax: outputMax)
      }
    nextDeadline = Clock.now() + Self.patience
  }

  private func ask(_ path: AdminPath) throws(Failure) -> Reply {
    // The server wants a Host that is no name (see its guard against pages), even if it is unused.
    let host =
      switch address {
      case .tcp(let target): target.text
      case .unix: "localhost"
      }
    let fields = HTTPFields([("Accept", "application/json"), ("Connection", "close")])
    let request = HTTPRequest(path.method, path.encoded, host: host, fields: fields)
    stream?.handler = self
    stream?.send(request.encoded())
    loop.add(self)
    loop.run()
    guard let result else { throw .hungUp(address) }
    return try result.get()
  }

  // MARK: Events

  func drained(_ stream: ByteStream) { isConnected = true }

  func received(on stream: ByteStream) {
    if head == nil {
      switch stream.withInput({ parser.parse($0.span) }) {
      case .needMore: return
      case .malformed: return finish(.failure(.foreign(address)))
      case .response(let head, let consumed):
        stream.consume(consumed)
        self.head = head
      }
    }
    guard let head else { return }
    guard let length = head.contentLength, length <= Self.bodyBytesMax else {
      return finish(.failure(.foreign(address)))
    }
    guard stream.input.count >= length else { return }
    finish(.success(Reply(status: head.status, body: [UInt8](stream.input.prefix(length)))))
  }

  func closed(_ stream: ByteStream) {
    finish(.failure(isConnected ? .hungUp(address) : .nobody(at: address)))
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
