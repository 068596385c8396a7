// What each path answers.

internal import EventLoop
internal import HTTP1
internal import WebSocket

/// Routes the requests of the public port; each loop has one.
struct Router {
  /// What becomes of a request.
  enum Answer {
    case respond(HTTPResponse)
    /// The response is a 101; frames follow it, compressed as was agreed on.
    case upgrade(HTTPResponse, DeflateAgreement?)
    /// The request is for a mount, which gets its body too.
    case hand(Mount)
  }

  /// The subprotocol that clients have to offer.
  static let subprotocol = "parley.v1"

  private let pages = StaticPages()
  private var origins: OriginPolicy
  private let group: LoopGroup
  private var mounts: [Mount] = []

  init(allowedOrigins: [String], _ group: LoopGroup) {
    origins = OriginPolicy(allowed: allowedOrigins)
    self.group = group
  }

  /// Other origins from now on; who is connected stays.
  mutating func allow(_ allowedOrigins: [String]) {
    origins = OriginPolicy(allowed: allowedOrigins)
  }

  /// Gives requests to `mount` from now on.
  mutating func add(_ mount: Mount) { mounts.append(mount) }

  func route(_ request: RequestHead) -> Answer {
    if let mount = mounts.first(where: { $0.serves(request.path) }) { return .hand(mount) }
    switch request.path {
    case "/signal": return signal(request)
    case "/healthz": return .respond(state(request, .ok, "ok"))
    case "/readyz":
      return .respond(
        group.isDraining
          ? state(request, .serviceUnavailable, "draining") : state(request, .ok, "ready"))
    case let path where pages.has(path): return .respond(page(request))
    default: return .respond(.text(.notFound))
    }
  }

  private func signal(_ request: RequestHead) -> Answer {
    guard origins.allows(request) else {
      return .respond(.text(.forbidden, "This page may not connect here."))
    }
    switch ServerHandshake(request, subprotocols: [Self.subprotocol], deflates: true) {
    case .accepted(_, let deflate, let response): return .upgrade(response, deflate)
    case .refused(let fault): return .respond(fault.response)
    }
  }

  /// For whoever decides where requests go: `/healthz` says that the process works, `/readyz` that
  /// it wants new ones.
  private func state(_ request: RequestHead, _ status: HTTPStatus, _ word: String) -> HTTPResponse {
    guard Self.isRead(request) else { return Self.methodNotAllowed }
    var response = HTTPResponse.text(status, word)
    response.fields.append("Cache-Control", "no-store")
    return response
  }

  private func page(_ request: RequestHead) -> HTTPResponse {
    guard Self.isRead(request) else { return Self.methodNotAllowed }
    return pages.answer(request) ?? .text(.notFound)
  }

  private static func isRead(_ request: RequestHead) -> Bool {
    request.method == "GET" || request.method == "HEAD"
  }

  private static var methodNotAllowed: HTTPResponse {
    var response = HTTPResponse.text(.methodNotAllowed)
    response.fields.append("Allow", "GET, HEAD")
    return response
  }

  /// Nothing but our own files, the camera's picture, our socket, and the worker that keeps a
  /// hidden page's time; nobody frames us.
  private static let contentSecurityPolicy = """
    default-src 'self'; media-src 'self' blob:; worker-src blob:; connect-src 'self' ws: wss:; \
    object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'
    """

  /// Half a year; this host alone, for what else its domain serves is not ours to say.
  private static let strictTransport = "max-age=15768000"

  /// Adds the fields that guard every answer.
  ///
  /// - Parameter isSecure: it goes over TLS of ours, so that browsers may be told to insist on it.
  static func guarded(_ response: HTTPResponse, isSecure: Bool) -> HTTPResponse {
    var response = response
    response.fields.append("Content-Security-Policy", contentSecurityPolicy)
    response.fields.append("X-Content-Type-Options", "nosniff")
    response.fields.append("Referrer-Policy", "no-referrer")
    response.fields.append(
      "Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self)")
    response.fields.append("Cross-Origin-Opener-Policy", "same-origin")
    if response.fields["cross-origin-resource-policy"] == nil {
      response.fields.append("Cross-Origin-Resource-Policy", "same-origin")
    }
    if isSecure { response.fields.append("Strict-Transport-Security", strictTransport) }
    return response
  }
}
