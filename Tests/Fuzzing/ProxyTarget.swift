// The PROXY header: the same however its bytes arrive, and never longer than what is there.

import Gate
import NetTypes

enum ProxyTarget {
  static func run(_ input: [UInt8]) throws(Finding) {
    let whole = ProxyHeader.read(input.span)
    for count in 0..<min(input.count, 64) {
      switch ProxyHeader.read(Array(input.prefix(count)).span) {
      case .needMore: break
      case let early: try require(early == whole, "\(count) bytes of it say something else")
      }
    }
    guard case .header(let client, let server, let length) = whole else { return }
    try require(length >= 16 && length <= input.count, "a header of \(length) bytes")
    try require(length <= 16 + ProxyHeader.bodyBytesMax, "a longer header than is taken")
    try require((client == nil) == (server == nil), "one address without the other")
    try require(client?.ip.family == server?.ip.family, "addresses of two families")
  }
}
