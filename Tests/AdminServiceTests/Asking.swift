// HTTP as a test asks it.

import AdminAPI
import Foundation
import HTTP1

/// An answer with its body.
struct Answer {
  let status: Int
  let fields: HTTPFields
  let body: [UInt8]

  func decoded<Document: Decodable>(_ type: Document.Type = Document.self) throws -> Document {
    try JSONDecoder().decode(type, from: Data(body))
  }

  /// The code in the body of an error.
  var errorCode: String? { try? decoded(ErrorDocument.self).error.code }
}

extension ClientSocket {
  static func request(
    _ path: String, method: String = "GET", host: String = "localhost", _ fields: [String] = []
  ) -> String {
    (["\(method) \(path) HTTP/1.1", "Host: \(host)"] + fields).map { $0 + "\r\n" }.joined()
      + "\r\n"
  }

  /// Reads the next answer.
  func answer(toHead: Bool = false) throws -> Answer {
    var parser = ResponseParser()
    while true {
      let bytes = input
      switch parser.parse(bytes.span) {
      case .needMore: try receiveMore()
      case .malformed(let fault): throw fault
      case .response(let head, let consumed):
        let length = toHead ? 0 : head.contentLength ?? 0
        while input.count < consumed + length { try receiveMore() }
        let body = [UInt8](input[consumed..<(consumed + length)])
        input.removeFirst(consumed + length)
        return Answer(status: head.status.code, fields: head.fields, body: body)
      }
    }
  }

  func ask(
    _ path: String, method: String = "GET", host: String = "localhost", _ fields: [String] = []
  ) throws -> Answer {
    send(Self.request(path, method: method, host: host, fields))
    return try answer(toHead: method == "HEAD")
  }
}
