// Telling DTLS from the rest by its record headers.

import STUN
import Testing

struct DTLSDatagramTests {
  /// A record header and `length` bytes behind it, `present` of which are there.
  private func record(
    type: UInt8 = 23, version: [UInt8] = [0xfe, 0xfd], epoch: UInt16 = 1, length: Int = 4,
    present: Int? = nil
  ) -> [UInt8] {
    [type] + version + [UInt8(epoch >> 8), UInt8(epoch & 0xff), 0, 0, 0, 0, 0, 9]
      + [UInt8(length >> 8), UInt8(length & 0xff)]
      + [UInt8](repeating: 7, count: present ?? length)
  }

  /// A ClientHello without a session id, a cookie or extensions.
  private func clientHello(epoch: UInt16 = 0, offset: UInt8 = 0, type: UInt8 = 1) -> [UInt8] {
    let body: [UInt8] = [0xfe, 0xfd] + Array(1...32) + [0, 0, 0, 2, 0xc0, 0x2b, 1, 0]
    let length = UInt8(body.count)
    let message = [type, 0, 0, length, 0, 0, 0, 0, offset, 0, 0, length] + body
    return record(type: 22, epoch: epoch, length: message.count, present: 0) + message
  }

  private func kind(_ bytes: [UInt8]) -> DTLSDatagram {
    DTLSDatagram(bytes.span, in: 0..<bytes.count)
  }

  @Test("Trap 25: a first byte is STUN, ChannelData, DTLS or nothing we know, by RFC 7983")
  func firstByte() {
    for byte in UInt8.min ... .max {
      let isDTLS = kind(record(type: byte)) == .records
      let plain = DatagramKind(firstByte: byte)
      switch byte {
      case 0...3: #expect(plain == .stun && !isDTLS)
      case 20...23: #expect(plain == .unknown && isDTLS)
      case 64...127: #expect(plain == .channelData && !isDTLS)
      default: #expect(plain == .unknown && !isDTLS)
      }
    }
  }

  @Test func `a ClientHello tells where its random is`() {
    let hello = clientHello()
    #expect(kind(hello) == .clientHello(random: 27..<59))
    #expect(Array(hello[27..<59]) == Array(1...32))
    let moved = [0, 0, 0] + hello
    let kind = DTLSDatagram(moved.span, in: 3..<moved.count)
    #expect(kind == .clientHello(random: 30..<62))
  }

  @Test func `what cannot begin a session is a record like others`() {
    #expect(kind(clientHello(epoch: 1)) == .records)
    #expect(kind(clientHello(offset: 1)) == .records)
    #expect(kind(clientHello(type: 2)) == .records)
    #expect(kind(record(type: 22, epoch: 0)) == .records)
  }

  @Test func `records are whole and fill the datagram`() {
    #expect(kind([]) == .malformed)
    #expect(kind(record() + record(length: 100)) == .records)
    #expect(kind(record(version: [3, 3])) == .malformed)
    #expect(kind(record(length: 0)) == .malformed)
    #expect(kind(record(length: 5, present: 4)) == .malformed)
    #expect(kind(record() + [23]) == .malformed)
    #expect(kind(record(length: 18_432)) == .records)
    #expect(kind(record(length: 18_433)) == .malformed)
    let hello = clientHello()
    for count in 0..<hello.count { #expect(kind(Array(hello[..<count])) == .malformed) }
  }
}
