// Which pages may open a connection.

internal import Admission
internal import HTTP1

/// Browsers say which page asks (RFC 6454 §7), and let any page ask: so the server has to look.
struct OriginPolicy: Sendable {
  private let allowed: Set<String>

  init(allowed: [String]) {
    self.allowed = Set(allowed.map { $0.lowercased() })
  }

  func allows(_ request: RequestHead) -> Bool {
    guard let origin = Self.origin(of: request) else { return false }
    guard case .other(let text) = origin else { return true }
    return allowed.contains("*") || allowed.contains(text)
  }

  /// The page that asks; nil when the request names several. Programs other than browsers send no
  /// origin, and could send any.
  static func origin(of request: RequestHead) -> PageOrigin? {
    let origins = request.fields.values("origin")
    guard let origin = origins.first?.lowercased() else { return .own }
    guard origins.count == 1 else { return nil }
    return host(of: origin) == request.authority.lowercased() ? .own : .other(origin)
  }

  /// What follows the scheme. Its scheme may differ from ours behind a proxy that ends TLS.
  private static func host(of origin: String) -> String? {
    for scheme in ["http://", "https://"] where origin.hasPrefix(scheme) {
      return String(origin.dropFirst(scheme.count))
    }
    return nil
  }
}
