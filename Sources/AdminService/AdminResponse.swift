// Documents as HTTP responses.

internal import AdminAPI
internal import FoundationEssentials
internal import HTTP1
internal import Signaling

/// Why a request is not answered with what it asked for.
struct AdminRefusal: Error, Equatable {
  let status: HTTPStatus
  /// A stable word for programs.
  let code: String
  /// A line for people.
  let message: String
  /// The methods there are, when it is for the method.
  var allowed: String?

  static func badRequest(_ fault: HTTPFault) -> AdminRefusal {
    AdminRefusal(
      status: fault.status, code: "bad_request",
      message: "this is no request that is served here: \(fault.rawValue)")
  }

  static let foreignHost = AdminRefusal(
    status: .forbidden, code: "foreign_host",
    message: "the Host of a request is an IP address or localhost here")
  static let fromPage = AdminRefusal(
    status: .forbidden, code: "from_page", message: "pages of other sites may not ask here")
  static let badMethod = AdminRefusal(
    status: .methodNotAllowed, code: "method_not_allowed", message: "there is only GET and HEAD",
    allowed: "GET, HEAD")
  static let wantsPost = AdminRefusal(
    status: .methodNotAllowed, code: "method_not_allowed", message: "there is only POST",
    allowed: "POST")
  static let badDeadline = AdminRefusal(
    status: .badRequest, code: "bad_deadline", message: "a deadline is a number of seconds")
  static let noSuchPath = AdminRefusal(
    status: .notFound, code: "not_found",
    message: "there are /rooms, /rooms/NAME, /allocations, /stats, /healthz and /readyz, and for"
      + " POST /drain and /rooms/NAME/kick, close and say")
  static let noSuchRoom = AdminRefusal(
    status: .notFound, code: ErrorDocument.noSuchRoom,
    message: "nobody is in a room of this name")
  static let noSuchPeer = AdminRefusal(
    status: .notFound, code: ErrorDocument.noSuchPeer,
    message: "there is no such peer in this room")
  static let severalRooms = AdminRefusal(
    status: .conflict, code: "several_rooms",
    message: "several tenants have a room of this name; name one by tenant")
  static let badReason = AdminRefusal(
    status: .badRequest, code: "bad_reason",
    message: "a reason has at most \(Reason.bytesMax) bytes and no control characters")
  static let badText = AdminRefusal(
    status: .badRequest, code: "bad_text",
    message: "a text has 1 to \(AdminLimits.noticeBytesMax) bytes and no control characters")
  static let noRooms = AdminRefusal(
    status: .notFound, code: ErrorDocument.noRooms, message: "this server has no rooms")
  static let noAnswer = AdminRefusal(
    status: .serviceUnavailable, code: "no_answer", message: "the server is too busy to answer")
  static let tooLarge = AdminRefusal(
    status: .internalServerError, code: "too_large", message: "the answer would be too large")

  var response: HTTPResponse {
    var response = HTTPResponse.document(
      ErrorDocument(code: code, message: message), status: status)
    if let allowed { response.fields.append("Allow", allowed) }
    return response
  }
}

extension HTTPResponse {
  /// `document` in JSON, its members sorted by name.
  static func document(_ document: some Encodable, status: HTTPStatus = .ok) -> HTTPResponse {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let body = try? encoder.encode(document), body.count < AdminLimits.answerBytesMax else {
      return AdminRefusal.tooLarge.response
    }
    var response = HTTPResponse(status, contentType: "application/json", body: [UInt8](body))
    response.fields.append("Cache-Control", "no-store")
    // Whatever a page makes of it as an image or a script, it is none.
    response.fields.append("X-Content-Type-Options", "nosniff")
    response.fields.append("Cross-Origin-Resource-Policy", "same-origin")
    return response
  }
}
