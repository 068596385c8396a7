// The PROXY header, cut anywhere and wrong in every way.

import NetTypes
import Testing

@testable import Gate

struct ProxyHeaderTests {
  static func header(_ command: UInt8, _ family: UInt8, _ body: [UInt8]) -> [UInt8] {
    var bytes = ProxyHeader.signature + [command, family]
    bytes.append(bigEndian: UInt16(body.count))
    return bytes + body
  }

  /// 203.0.113.9:1000 to 192.0.2.1:443.
  static let v4Body: [UInt8] = [203, 0, 113, 9, 192, 0, 2, 1, 3, 232, 1, 187]

  private func read(_ bytes: [UInt8]) -> ProxyHeader { ProxyHeader.read(bytes.span) }

  @Test func `a header names the client and the server, of both families`() {
    let bytes = Self.header(0x21, 0x11, Self.v4Body)
    let expected = ProxyHeader.header(
      client: SocketAddress("203.0.113.9:1000"), server: SocketAddress("192.0.2.1:443"),
      length: 28)
    #expect(read(bytes) == expected)
    #expect(read(bytes + [1, 2, 3]) == expected)
    let client: [UInt8] = [0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [7]
    let server: [UInt8] = [0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [8]
    #expect(
      read(Self.header(0x21, 0x21, client + server + [3, 232, 1, 187]))
        == .header(
          client: SocketAddress("[2001:db8::7]:1000"), server: SocketAddress("[2001:db8::8]:443"),
          length: 52))
  }

  @Test func `extensions behind the addresses are skipped`() {
    let extensions: [UInt8] = [4, 0, 2, 0, 0, 0x20, 0, 1, 9]
    #expect(
      read(Self.header(0x21, 0x11, Self.v4Body + extensions))
        == .header(
          client: SocketAddress("203.0.113.9:1000"), server: SocketAddress("192.0.2.1:443"),
          length: 37))
  }

  @Test func `a balancer's own checks, and what has no addresses, keep those of the connection`() {
    for bytes in [
      Self.header(0x20, 0x00, []), Self.header(0x20, 0x11, Self.v4Body),
      Self.header(0x21, 0x00, []), Self.header(0x21, 0x00, [1, 2, 3]),
    ] {
      #expect(read(bytes) == .header(client: nil, server: nil, length: bytes.count))
    }
  }

  @Test func `a header that is cut anywhere is waited for`() {
    let bytes = Self.header(0x21, 0x11, Self.v4Body)
    for count in 0..<bytes.count { #expect(read(Array(bytes.prefix(count))) == .needMore) }
  }

  @Test func `what does not begin with the signature is no header`() {
    for index in ProxyHeader.signature.indices {
      var bytes = Self.header(0x21, 0x11, Self.v4Body)
      bytes[index] ^= 1
      #expect(read(bytes) == .absent)
      #expect(read(Array(bytes.prefix(index + 1))) == .absent)
    }
    #expect(read([0, 1]) == .absent)
  }

  @Test func `other versions, commands, families, lengths are malformed`() {
    for bytes in [
      Self.header(0x11, 0x11, Self.v4Body), Self.header(0x22, 0x11, Self.v4Body),
      Self.header(0x21, 0x12, Self.v4Body), Self.header(0x21, 0x31, Self.v4Body),
      Self.header(0x21, 0x11, Array(Self.v4Body.dropLast())),
      Self.header(0x21, 0x21, [UInt8](repeating: 0, count: 35)),
      Self.header(0x20, 0x00, [UInt8](repeating: 0, count: ProxyHeader.bodyBytesMax + 1)),
    ] { #expect(read(bytes) == .malformed) }
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func `random bytes behind the signature are never read beyond their end`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    for _ in 0..<20_000 {
      let tail = (0..<Int.random(in: 0...80, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      let bytes = ProxyHeader.signature + tail
      if case .header(_, _, let length) = read(bytes) { #expect(length <= bytes.count) }
    }
  }
}
