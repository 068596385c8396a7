// The browser library and the demo, as answers.

internal import Compression
internal import Crypto
internal import HTTP1
internal import WebAssets

/// The embedded files with their validators, and compressed.
struct StaticPages: Sendable {
  private struct Page: Sendable {
    let contentType: String
    let bytes: [UInt8]
    let entityTag: String
    /// Nil where it would not be smaller.
    let zipped: [UInt8]?
    /// RFC 9110 §8.8.3: another representation has another tag.
    let zippedTag: String
  }

  /// Made once for all loops.
  private static let embedded = WebAssets.files.mapValues { asset in
    let digest = Base64.encode(Array(SHA256.digest(asset.bytes.span).prefix(12)))
    let zipped = Gzip.compress(asset.bytes.span).flatMap { zipped in
      zipped.count < asset.bytes.count ? zipped : nil
    }
    return Page(
      contentType: asset.contentType, bytes: asset.bytes, entityTag: "\"\(digest)\"",
      zipped: zipped, zippedTag: "\"\(digest).gz\"")
  }

  private let pages = Self.embedded

  /// The answer to GET or HEAD; nil when there is no such page.
  func answer(_ request: RequestHead) -> HTTPResponse? {
    guard let page = pages[request.path] else { return nil }
    let zipped = Self.takesGzip(request) ? page.zipped : nil
    let tag = zipped == nil ? page.entityTag : page.zippedTag
    let isKnown = request.fields.list("if-none-match").contains { known in
      // RFC 9110 §13.1.2: the weak comparison.
      known == "*" || known == tag || known == "W/" + tag
    }
    var response = HTTPResponse(isKnown ? .notModified : .ok)
    response.fields.append("ETag", tag)
    // Asked for again each time, and answered with 304: pages change with the server.
    response.fields.append("Cache-Control", "no-cache")
    if page.zipped != nil { response.fields.append("Vary", "Accept-Encoding") }
    // The library is for pages of other origins too; whether they may connect is decided at
    // `/signal`.
    if request.path.hasPrefix("/parley") {
      response.fields.append("Access-Control-Allow-Origin", "*")
      response.fields.append("Cross-Origin-Resource-Policy", "cross-origin")
    }
    if isKnown { return response }
    response.fields.append("Content-Type", page.contentType)
    if zipped != nil { response.fields.append("Content-Encoding", "gzip") }
    response.body = zipped ?? page.bytes
    return response
  }

  func has(_ path: String) -> Bool { pages[path] != nil }

  /// RFC 9110 §12.5.3: named, and not with a weight of 0. Whoever says `*` alone gets the plain
  /// page, which is right too.
  private static func takesGzip(_ request: RequestHead) -> Bool {
    request.fields.list("accept-encoding").contains { element in
      let parts = element.lowercased().split(separator: ";").map { part in
        part.filter { $0 != " " && $0 != "\t" }
      }
      guard parts.first == "gzip" else { return false }
      let weight = parts.dropFirst().first { $0.hasPrefix("q=") }
      return weight.map { $0.dropFirst(2).contains { ("1"..."9").contains($0) } } ?? true
    }
  }
}
