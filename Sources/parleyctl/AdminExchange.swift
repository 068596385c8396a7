// One question to the admin endpoint and its answer, over a connection of its own, on any loop.

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

/// A request on its way and what comes of it. It waits for as long as nobody cancels it.
final class AdminExchange: ByteStreamHandler {
  /// More than the server ever answers with.
  static let bodyBytesMax = 128 << 20

  private let address: AdminAddress
  private let stream: ByteStream
  private var parser = ResponseParser()
  private var head: ResponseHead?
  private var isConnected = false
  private var done: ((Result<Reply, Failure>) -> Void)?

  /// Sends the request; `done` is called once, on the loop, unless it is cancelled before.
  init(
    _ path: AdminPath, at address: AdminAddress, on loop: EventLoop,
    done: @escaping (Result<Reply, Failure>) -> Void
  ) throws(Failure) {
    self.address = address
    self.done = done
    let inputMax = Self.bodyBytesMax + HTTPLimits.headBytesMax
    let outputMax = HTTPLimits.headBytesMax
    do throws(SystemError) {
      stream =
        switch address {
        case .tcp(let target):
          try ByteStream(connect: target, on: loop, inputMax: inputMax, outputMax: outputMax)
        case .unix(let path):
          try ByteStream(connectUnix: path, on: loop, inputMax: inputMax, outputMax: outputMax)
        }
    } catch {
      throw Failure(error, at: address)
    }
    // The server wants a Host that is no name (see its guard against pages), even if it is unused.
    let host =
      switch address {
      case .tcp(let target): target.text
      case .unix: "localhost"
      }
    let fields = HTTPFields([("Accept", "application/json"), ("Connection", "close")])
    let request = HTTPRequest(path.method, path.encoded, host: host, fields: fields)
    stream.handler = self
    stream.send(request.encoded())
  }

  /// Forgets the question.
  func cancel() {
    done = nil
    stream.close()
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

  private func finish(_ outcome: Result<Reply, Failure>) {
    guard let done else { return }
    self.done = nil
    stream.close()
    done(outcome)
  }
}
