// RFC 5780 section by section: which way an answer goes, what is in it, and what is refused.

import NetTypes
import STUN
import Testing

struct BehaviourDiscoveryTests {
  private static let da = IPAddress(198, 51, 100, 1)
  private static let ca = IPAddress(198, 51, 100, 2)
  private let primary = SocketAddress(da, port: 3_478)
  private let alternate = SocketAddress(ca, port: 3_479)
  private let client = SocketAddress(IPAddress(192, 0, 2, 7), port: 40_000)

  private struct Reply {
    let bytes: [UInt8]
    let message: Message
    let route: BehaviourDiscovery.Route

    func address(_ attribute: Attribute) -> SocketAddress? {
      message.value(of: attribute).flatMap { MappedAddress.decode(bytes.span, $0) }
    }
    func value(_ attribute: Attribute) -> [UInt8]? {
      message.value(of: attribute).map { bytes.span.bytes(in: $0) }
    }
    var mapped: SocketAddress? { message.xorAddress(.xorMappedAddress, bytes.span) }
    var code: Int? { message.errorCode(bytes.span) }
  }

  private func ask(
    at local: SocketAddress? = nil, fingerprint: Bool = false,
    _ body: (inout MessageBuilder) -> Void = { _ in }, altered: (inout [UInt8]) -> Void = { _ in }
  ) throws -> Reply {
    let discovery = try #require(BehaviourDiscovery(primary: primary, alternate: alternate))
    var builder = MessageBuilder()
    builder.begin(MessageType(.binding, .request), TransactionID(high: 1, low: 2))
    body(&builder)
    builder.finish(fingerprint: fingerprint)
    var request = builder.bytes
    altered(&request)
    var reply = MessageBuilder()
    let route = discovery.answer(
      try Message(request.span, in: 0..<request.count), request.span, from: client,
      to: local ?? primary, into: &reply)
    let bytes = reply.bytes
    return Reply(
      bytes: bytes, message: try Message(bytes.span, in: 0..<bytes.count), route: route)
  }

  @Test func `RFC 5780 §6: the two differ in address and port, or there is no discovery`() {
    #expect(
      BehaviourDiscovery(primary: primary, alternate: SocketAddress(Self.ca, port: 3_478)) == nil)
    #expect(
      BehaviourDiscovery(primary: primary, alternate: SocketAddress(Self.da, port: 3_479)) == nil)
    #expect(
      BehaviourDiscovery(
        primary: primary, alternate: SocketAddress(.loopbackV6, port: 3_479)) == nil)
    let all = BehaviourDiscovery(primary: primary, alternate: alternate)?.addresses
    #expect(
      all?.map(\.text) == [
        "198.51.100.1:3478", "198.51.100.1:3479", "198.51.100.2:3478", "198.51.100.2:3479",
      ])
  }

  @Test(
    "RFC 5780 §6.1 table 1: the flags change the address, the port or both, whichever was asked",
    arguments: [
      ("198.51.100.1:3478", 0, "198.51.100.1:3478", "198.51.100.2:3479"),
      ("198.51.100.1:3478", 4, "198.51.100.2:3478", "198.51.100.2:3479"),
      ("198.51.100.1:3478", 2, "198.51.100.1:3479", "198.51.100.2:3479"),
      ("198.51.100.1:3478", 6, "198.51.100.2:3479", "198.51.100.2:3479"),
      ("198.51.100.2:3478", 4, "198.51.100.1:3478", "198.51.100.1:3479"),
      ("198.51.100.1:3479", 2, "198.51.100.1:3478", "198.51.100.2:3478"),
      ("198.51.100.2:3479", 6, "198.51.100.1:3478", "198.51.100.1:3478"),
    ] as [(String, UInt32, String, String)])
  func changeRequest(local: String, flags: UInt32, source: String, other: String) throws {
    let reply = try ask(at: SocketAddress(local)) { $0.add(.changeRequest, uint32: flags) }
    #expect(reply.message.type.messageClass == .success)
    #expect(reply.route.source.text == source)
    #expect(reply.route.target == client)
    // §7.3 and §7.4: both tell the truth about it.
    #expect(reply.address(.responseOrigin)?.text == source)
    #expect(reply.address(.otherAddress)?.text == other)
  }

  @Test func `RFC 5780 §3.6: both forms of the mapped address are there to be compared`() throws {
    let reply = try ask(fingerprint: true)
    #expect(reply.mapped == client)
    #expect(reply.address(.mappedAddress) == client)
    #expect(reply.message.hasFingerprint)
    #expect(reply.route == .init(source: primary, target: client))
  }

  @Test func `RFC 5780 §6.1: what is still unknown gives 420, without origin or other`() throws {
    let reply = try ask {
      $0.add(.changeRequest, uint32: 4)
      $0.add(.software, bytes: [])
    } altered: { request in
      // The type of the second attribute, behind the header and eight bytes.
      request[28] = 0x7F
      request[29] = 0xFF
    }
    #expect(reply.code == 420)
    #expect(reply.value(.unknownAttributes) == [0x7F, 0xFF])
    #expect(!reply.message.has(.responseOrigin) && !reply.message.has(.otherAddress))
    #expect(reply.route == .init(source: primary, target: client))
  }

  @Test func `RFC 5780 §7.2: a CHANGE-REQUEST that is not four bytes long gives 400`() throws {
    #expect(try ask { $0.add(.changeRequest, bytes: [0, 4]) }.code == 400)
  }

  @Test func `RFC 5780 §7.5: the answer goes to the named port of who asked`() throws {
    for value in [[0x9C, 0x41], [0x9C, 0x41, 0, 0]] as [[UInt8]] {
      let reply = try ask { $0.add(.responsePort, bytes: value) }
      #expect(reply.route.target == SocketAddress(client.ip, port: 40_001))
      #expect(reply.route.source == primary)
    }
  }

  @Test func `RFC 5780 §7.5: a well-known port is refused, and what is no port at all`() throws {
    for value in [[0, 53], [0, 0], [3, 255], [1], []] as [[UInt8]] {
      let reply = try ask { $0.add(.responsePort, bytes: value) }
      #expect(reply.code == 400, "\(value)")
      #expect(reply.route == .init(source: primary, target: client))
    }
  }

  @Test func `RFC 5780 §7.6: padding is answered with as much, up to a frame`() throws {
    for (asked, got) in [(0, 0), (10, 10), (1_500, 1_500), (4_000, 1_500)] {
      let reply = try ask { $0.add(.padding, bytes: [UInt8](repeating: 0xFF, count: asked)) }
      #expect(reply.value(.padding) == [UInt8](repeating: 0, count: got))
    }
    #expect(try !ask().message.has(.padding))
  }

  @Test func `RFC 5780 §6.1: PADDING and RESPONSE-PORT in one request give 400`() throws {
    let reply = try ask {
      $0.add(.padding, bytes: [0, 0, 0, 0])
      $0.add(.responsePort, bytes: [0x9C, 0x41])
    }
    #expect(reply.code == 400)
  }

  @Test func `RFC 5780 §9: an answer is at most a few attributes longer than its request`() throws {
    for length in [0, 100, 1_500, 1_504, 60_000] {
      let padding = [UInt8](repeating: 1, count: length)
      let reply = try ask { $0.add(.padding, bytes: padding) }
      #expect(reply.bytes.count <= 24 + length + 48)
    }
  }

  @Test func `IPv6 addresses are written and read back`() throws {
    let address = try #require(SocketAddress("[2001:db8::7]:4660"))
    func decode(_ bytes: [UInt8]) -> SocketAddress? {
      MappedAddress.decode(bytes.span, 0..<bytes.count)
    }
    let bytes = MappedAddress.encode(address)
    #expect(bytes.count == 20)
    #expect(decode(bytes) == address)
    #expect(decode(Array(bytes.prefix(8))) == nil)
    #expect(decode([0, 3, 0, 0, 0, 0, 0, 0]) == nil)
    #expect(decode([]) == nil)
  }
}
