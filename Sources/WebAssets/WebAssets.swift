// Hands out the browser library and the demo page, both embedded into the program.

/// The files a browser may fetch, by request path.
public enum WebAssets {
  /// One file: what it is and its bytes.
  public struct Asset: Sendable {
    /// The value of `Content-Type`.
    public let contentType: String
    /// The body.
    public let bytes: [UInt8]
  }

  /// Request path to file; the demo page is at `/`.
  public static let table: [String: Asset] = [
    "/": Asset(contentType: "text/html; charset=utf-8", bytes: PackageResources.index_html),
    "/parley.js": Asset(contentType: "text/javascript; charset=utf-8", bytes: PackageResources.parley_js),
  ]
}
