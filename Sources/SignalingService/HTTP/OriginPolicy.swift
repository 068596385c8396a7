// Which pages may open a connection.

internal import HTTP1

/// Browsers say which page asks (RFC 6454 §7), and let any page ask: so the server has to look.
struct OriginPolicy: Sendable {
  private let allowed: Set<String>

  init(allowed: [String]) {
    self.allowed = Set(allowed.map { $0.lowercased() })
  }

  /// Programs other than browsers send no origin, and could send any.
  func allows(_ request: RequestHead) -> Bool {
    let origins = request.fields.values("origin")
    guard let origin = origins.first?.lowercased(), !allowed.contains("*") else { return true }
    guard origins.count == 1 else { return false }
    return allowed.contains(origin) || Self.host(of: origin) == request.authority.lowercased()
  }

  /// What follows the scheme. Its scheme may differ from ours behind a proxy that ends TLS.
  private static func host(of origin: String) -> String? {
    for scheme in ["http://", "https://"] where origin.hasPrefix(scheme) {
      return String(origin.dropFirst(scheme.count))
    }
    return nil
  }
}
