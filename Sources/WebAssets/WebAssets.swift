// Hands out the browser library and the demo page, which are embedded into the program.

/// The files that browsers are served, by request path.
public enum WebAssets {
  /// One file.
  public struct Asset: Sendable {
    /// The value of `Content-Type` (RFC 9110 §8.3).
    public let contentType: String

    /// The body, as it is in `Pages/`.
    public let bytes: [UInt8]
  }

  /// Request path, without query, to file; `/` is the demo page.
  ///
  /// The pages load nothing from elsewhere and have no inline script or style, so that the service
  /// can send them under a strict `Content-Security-Policy`.
  public static let files: [String: Asset] = [
    "/": Asset(contentType: html, bytes: PackageResources.index_html),
    "/parley.js": Asset(contentType: javaScript, bytes: PackageResources.parley_js),
    "/parley/base.js": Asset(contentType: javaScript, bytes: PackageResources.base_js),
    "/parley/clock.js": Asset(contentType: javaScript, bytes: PackageResources.clock_js),
    "/parley/path.js": Asset(contentType: javaScript, bytes: PackageResources.path_js),
    "/parley/peer.js": Asset(contentType: javaScript, bytes: PackageResources.peer_js),
    "/parley/signaling.js": Asset(contentType: javaScript, bytes: PackageResources.signaling_js),
    "/parley.d.ts": Asset(contentType: plainText, bytes: PackageResources.parley_d_ts),
    "/demo.js": Asset(contentType: javaScript, bytes: PackageResources.demo_js),
    "/demo-source.js": Asset(contentType: javaScript, bytes: PackageResources.demo_source_js),
    "/demo-words.js": Asset(
      contentType: javaScript, bytes: PackageResources.demo_words_js),
    "/demo.css": Asset(contentType: "text/css; charset=utf-8", bytes: PackageResources.demo_css),
    "/favicon.svg": Asset(contentType: "image/svg+xml", bytes: PackageResources.favicon_svg),
  ]

  private static let html = "text/html; charset=utf-8"
  private static let javaScript = "text/javascript; charset=utf-8"
  /// TypeScript has no registered media type.
  private static let plainText = "text/plain; charset=utf-8"
}
