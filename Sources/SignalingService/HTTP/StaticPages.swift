// The browser library and the demo, as answers.

internal import Crypto
internal import HTTP1
internal import WebAssets

/// The embedded files with their validators.
struct StaticPages: Sendable {
  private struct Page: Sendable {
    let contentType: String
    let bytes: [UInt8]
    let entityTag: String
  }

  private let pages: [String: Page]

  init() {
    pages = WebAssets.files.mapValues { asset in
      let digest = SHA256.digest(asset.bytes.span).prefix(12)
      return Page(
        contentType: asset.contentType, bytes: asset.bytes,
        entityTag: "\"\(Base64.encode(Array(digest)))\"")
    }
  }

  /// The answer to GET or HEAD; nil when there is no such page.
  func answer(_ request: RequestHead) -> HTTPResponse? {
    guard let page = pages[request.path] else { return nil }
    let isKnown = request.fields.list("if-none-match").contains { tag in
      // RFC 9110 §13.1.2: the weak comparison.
      tag == "*" || tag == page.entityTag || tag == "W/" + page.entityTag
    }
    var response = HTTPResponse(isKnown ? .notModified : .ok, body: isKnown ? [] : page.bytes)
    response.fields.append("ETag", page.entityTag)
    // Asked for again each time, and answered with 304: pages change with the server.
    response.fields.append("Cache-Control", "no-cache")
    // The library is for pages of other origins too; whether they may connect is decided at
    // `/signal`.
    if request.path.hasPrefix("/parley") {
      response.fields.append("Access-Control-Allow-Origin", "*")
    }
    if !isKnown { response.fields.append("Content-Type", page.contentType) }
    return response
  }

  func has(_ path: String) -> Bool { pages[path] != nil }
}
