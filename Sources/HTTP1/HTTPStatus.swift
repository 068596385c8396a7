// Status codes and their reason phrases.

/// A status code (RFC 9110 §15).
public struct HTTPStatus: Hashable, Sendable, CustomStringConvertible {
  /// The three digits, 100–599.
  public let code: Int

  /// A status of our own choice; `code` is 100–599.
  public init(_ code: Int) {
    precondition((100...599).contains(code), "status codes have three digits")
    self.code = code
  }

  public static let switchingProtocols = HTTPStatus(101)
  public static let ok = HTTPStatus(200)
  public static let notModified = HTTPStatus(304)
  public static let badRequest = HTTPStatus(400)
  public static let forbidden = HTTPStatus(403)
  public static let notFound = HTTPStatus(404)
  public static let methodNotAllowed = HTTPStatus(405)
  public static let requestTimeout = HTTPStatus(408)
  public static let conflict = HTTPStatus(409)
  public static let contentTooLarge = HTTPStatus(413)
  public static let uriTooLong = HTTPStatus(414)
  public static let upgradeRequired = HTTPStatus(426)
  public static let fieldsTooLarge = HTTPStatus(431)
  public static let internalServerError = HTTPStatus(500)
  public static let notImplemented = HTTPStatus(501)
  public static let serviceUnavailable = HTTPStatus(503)
  public static let versionNotSupported = HTTPStatus(505)

  /// The phrase behind the code; a code we have no words for gets the name of its class.
  public var reason: String {
    switch code {
    case 101: "Switching Protocols"
    case 200: "OK"
    case 204: "No Content"
    case 301: "Moved Permanently"
    case 304: "Not Modified"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 426: "Upgrade Required"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 503: "Service Unavailable"
    case 505: "HTTP Version Not Supported"
    case 100..<200: "Informational"
    case 200..<300: "Success"
    case 300..<400: "Redirection"
    case 400..<500: "Client Error"
    default: "Server Error"
    }
  }

  public var description: String { "\(code) \(reason)" }

  /// Whether an answer of this status never has a body, nor a Content-Length from us
  /// (RFC 9110 §8.6, §15.4.5).
  public var isBodiless: Bool { code < 200 || code == 204 || code == 304 }
}
