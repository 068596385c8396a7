// The API for backends: join tokens and ICE credentials for whoever shows an API key.

internal import Admission
internal import HTTP1
internal import JSON
internal import NetTypes
internal import Signaling

/// Answers requests below `/api/v1`, after Docs/api.md; each loop has one.
struct BackendAPI {
  static let path = "/api/v1"

  private let desk: BackendDesk
  /// Where browsers reach this server; nil when only the request can tell.
  let publicURL: String?
  /// Whether this server does TLS itself.
  let isSecure: Bool

  init(_ desk: BackendDesk, publicURL: String?, isSecure: Bool) {
    self.desk = desk
    self.publicURL = publicURL
    self.isSecure = isSecure
  }

  /// The answer to a request.
  ///
  /// - Parameters:
  ///   - client: whose failures count; nil where none do.
  ///   - ice: makes credentials.
  ///   - now: for the throttle.
  ///   - unixSeconds: the same by the calendar.
  func answer(
    _ request: MountedRequest, from client: IPAddress?, _ ice: ICEServers, now: Instant,
    unixSeconds: Int64
  ) -> HTTPResponse {
    guard desk.isOpen else { return Self.error(.notFound, "not_found", "there is no API here") }
    // A key in a page is a key in everybody's hands.
    guard request.head.fields["origin"] == nil else {
      return Self.error(.forbidden, "forbidden", "this is for backends, not for pages")
    }
    let isTokens = request.head.path == "\(Self.path)/tokens"
    guard isTokens || request.head.path == "\(Self.path)/ice-servers" else {
      return Self.error(.notFound, "not_found", "there are tokens and ice-servers here")
    }
    guard request.head.method == "POST" else {
      var response = Self.error(.methodNotAllowed, "method_not_allowed", "POST it")
      response.fields.append("Allow", "POST")
      return response
    }
    do throws(BackendDesk.Refusal) {
      let caller = try desk.caller(
        apiKey: Self.bearer(request.head), from: client, now: now)
      guard Self.isJSON(request.head) else {
        return Self.error(
          HTTPStatus(415), "unsupported_media_type", "Content-Type has to be application/json")
      }
      let body = request.body
      guard isTokens else { return Self.answer(ice.offer(try desk.credentials(body, for: caller))) }
      let token = try desk.issueToken(body, for: caller, unixSeconds: unixSeconds)
      return answer(token, ice.offer(token.credentials), request.head)
    } catch {
      return Self.answer(error)
    }
  }

  // MARK: Reading

  /// RFC 6750 §2.1.
  private static func bearer(_ head: RequestHead) -> String? {
    let values = head.fields.values("authorization")
    guard values.count == 1, let value = values.first else { return nil }
    let words = value.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 2, words[0].lowercased() == "bearer" else { return nil }
    return String(words[1])
  }

  private static func isJSON(_ head: RequestHead) -> Bool {
    let type = (head.fields["content-type"] ?? "").prefix { $0 != ";" }.lowercased()
    return type.filter { $0 != " " && $0 != "\t" } == "application/json"
  }

  /// Where a client of this token joins. The caller's own word on the scheme is good enough: it is
  /// the one who reads the answer.
  private func signalURL(_ head: RequestHead) -> String {
    let seen = isSecure || head.fields["x-forwarded-proto"]?.lowercased() == "https"
    let base = publicURL ?? "\(seen ? "https" : "http")://\(head.authority)"
    return "ws\(base.dropFirst("http".count))/signal"
  }

  // MARK: Writing

  private func answer(
    _ token: BackendDesk.IssuedToken, _ offer: ICEOffer, _ head: RequestHead
  ) -> HTTPResponse {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("token")
    writer.string(token.text)
    writer.key("expires")
    writer.integer(token.expiresMs)
    writer.key("url")
    writer.string(signalURL(head))
    writer.members(of: offer)
    writer.endObject()
    return Self.json(.ok, writer)
  }

  private static func answer(_ offer: ICEOffer) -> HTTPResponse {
    var writer = JSONWriter()
    writer.beginObject()
    writer.members(of: offer)
    writer.endObject()
    return json(.ok, writer)
  }

  private static func answer(_ refusal: BackendDesk.Refusal) -> HTTPResponse {
    switch refusal {
    case .unknownCaller:
      var response = error(
        HTTPStatus(401), "unauthorized", "Authorization has to be Bearer and an API key")
      response.fields.append("WWW-Authenticate", "Bearer")
      return response
    case .tooManyAttempts(let retryAfterMs):
      var response = error(
        HTTPStatus(429), "too_many_attempts", "too many wrong API keys from this address",
        retryAfterMs: retryAfterMs)
      response.fields.append("Retry-After", "\((retryAfterMs + 999) / 1_000)")
      return response
    case .noSigner:
      return error(.forbidden, "no_signing_key", "the tenant has no key that can sign")
    case .badOrder(let text): return error(.badRequest, "bad_request", text)
    }
  }

  private static func error(
    _ status: HTTPStatus, _ code: String, _ message: String, retryAfterMs: Int64? = nil
  ) -> HTTPResponse {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("error")
    writer.beginObject()
    writer.key("code")
    writer.string(code)
    writer.key("message")
    writer.string(message)
    if let retryAfterMs {
      writer.key("retryAfter")
      writer.integer(retryAfterMs)
    }
    writer.endObject()
    writer.endObject()
    return json(status, writer)
  }

  private static func json(_ status: HTTPStatus, _ writer: JSONWriter) -> HTTPResponse {
    var response = HTTPResponse(status, contentType: "application/json", body: writer.bytes)
    // Tokens and credentials are for the caller alone.
    response.fields.append("Cache-Control", "no-store")
    return response
  }
}
