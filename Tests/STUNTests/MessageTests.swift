// Messages written and read back, and everything that is not a message refused by name.

import NetTypes
import STUN
import Testing

private let id = TransactionID(high: 0x0102_0304, low: 0x0506_0708_090a_0b0c)

private func build(_ body: (inout MessageBuilder) -> Void = { _ in }, key: [UInt8]? = nil)
  -> [UInt8]
{
  var builder = MessageBuilder()
  builder.begin(MessageType(.allocate, .request), id)
  body(&builder)
  builder.finish(integrityKey: key.map { IntegrityKey($0) })
  return builder.bytes
}

private func error(of bytes: [UInt8]) -> ParseError? {
  do throws(ParseError) {
    _ = try Message(bytes.span, in: 0..<bytes.count)
    return nil
  } catch {
    return error
  }
}

struct MessageTests {
  @Test func `method and class interleave as in RFC 8489 figure 3`() {
    #expect(MessageType(.binding, .request).rawValue == 0x0001)
    #expect(MessageType(.binding, .success).rawValue == 0x0101)
    #expect(MessageType(.binding, .error).rawValue == 0x0111)
    #expect(MessageType(.send, .indication).rawValue == 0x0016)
    #expect(MessageType(.data, .indication).rawValue == 0x0017)
    for raw in UInt16(0)..<0x4000 {
      let type = MessageType(rawValue: raw)
      #expect(type.answer(type.messageClass) == type)
      if let method = type.method { #expect(MessageType(method, type.messageClass) == type) }
    }
  }

  @Test func `what was written is read back`() throws {
    let v6 = try #require(SocketAddress("[2001:db8::7]:1"))
    let v4 = try #require(SocketAddress("192.0.2.9:65535"))
    let bytes = build { builder in
      builder.add(.xorPeerAddress, address: v6)
      builder.add(.xorRelayedAddress, address: v4)
      builder.add(.lifetime, uint32: 600)
      builder.add(.realm, text: "päss")
      builder.add(.data, bytes: [1, 2, 3])
    }
    let message = try Message(bytes.span, in: 0..<bytes.count)
    #expect(message.transactionID == id)
    #expect(message.xorAddress(.xorPeerAddress, bytes.span) == v6)
    #expect(message.xorAddress(.xorRelayedAddress, bytes.span) == v4)
    #expect(message.uint32(.lifetime, bytes.span) == 600)
    #expect(message.text(.realm, bytes.span, max: 10) == "päss")
    #expect(message.value(of: .data).map { bytes.span.bytes(in: $0) } == [1, 2, 3])
    #expect(bytes.count % 4 == 0)
  }

  @Test func `ALTERNATE-DOMAIN is a name of up to 255 bytes, as it is`() throws {
    for name in ["turn.example.org", String(repeating: "a", count: Wire.alternateDomainMax)] {
      let bytes = build { $0.add(alternateDomain: name) }
      let message = try Message(bytes.span, in: 0..<bytes.count)
      #expect(message.text(.alternateDomain, bytes.span, max: Wire.alternateDomainMax) == name)
    }
  }

  @Test func `a message inside a larger buffer is read from where it is`() throws {
    let bytes = [0xff, 0xff, 0xff] + build { $0.add(.lifetime, uint32: 7) } + [0xff]
    let message = try Message(bytes.span, in: 3..<bytes.count - 1)
    #expect(message.uint32(.lifetime, bytes.span) == 7)
  }

  @Test("Trap 8: of several attributes of a type the first counts")
  func firstWins() throws {
    let bytes = build {
      $0.add(.lifetime, uint32: 1)
      $0.add(.lifetime, uint32: 2)
    }
    #expect(
      try Message(bytes.span, in: 0..<bytes.count).uint32(.lifetime, bytes.span) == 1)
  }

  @Test("coturn ab762f33: what follows MESSAGE-INTEGRITY is not part of the message")
  func appended() throws {
    // Taken from the wire by somebody on the path, and lengthened.
    var bytes = build({ $0.add(.realm, text: "r") }, key: [1])
    bytes.append(bigEndian: Attribute.lifetime.rawValue)
    bytes.append(bigEndian: UInt16(4))
    bytes.append(bigEndian: UInt32(0))
    bytes[3] += 8
    let message = try Message(bytes.span, in: 0..<bytes.count)
    #expect(!message.has(.lifetime))
    #expect(message.isSigned(bytes, key: [1]))
    #expect(message.attributeCount == 1 && message.has(.realm))
  }

  @Test func `each kind of malformed message is refused by its name`() {
    let good = build { $0.add(.lifetime, uint32: 1) }
    #expect(error(of: good) == nil)
    #expect(error(of: Array(good.prefix(19))) == .truncated)
    #expect(error(of: []) == .truncated)
    var bad = good
    bad[4] = 0
    #expect(error(of: bad) == .notSTUN)
    bad = good
    bad[0] = 0x80
    #expect(error(of: bad) == .notSTUN)
    #expect(error(of: good + [0, 0, 0, 0]) == .badLength)
    #expect(error(of: Array(good.dropLast(4))) == .badLength)
    bad = good
    bad[3] = 7
    #expect(error(of: bad) == .badLength)
    bad = good
    bad[23] = 5
    #expect(error(of: bad) == .badAttribute)
    bad[23] = 0xff
    bad[22] = 0xff
    #expect(error(of: bad) == .badAttribute)
  }

  @Test func `a message of too many attributes is read, and says so`() throws {
    func message(_ count: Int) throws -> Message {
      let bytes = build { builder in
        for _ in 0..<count { builder.add(.lifetime, uint32: 1) }
      }
      return try Message(bytes.span, in: 0..<bytes.count)
    }
    #expect(try !message(Message.attributesMax).isOverfull)
    #expect(try message(Message.attributesMax + 1).isOverfull)
    #expect(try message(Message.attributesMax + 1).attributeCount == Message.attributesMax)
  }

  @Test("Trap 8: FINGERPRINT must be right, four bytes long, and last")
  func fingerprint() {
    var builder = MessageBuilder()
    builder.begin(MessageType(.binding, .request), id)
    builder.finish(fingerprint: true)
    #expect(error(of: builder.bytes) == nil)
    var wrong = builder.bytes
    wrong[27] ^= 1
    #expect(error(of: wrong) == .badFingerprint)
    var followed = builder.bytes + [0, 0x0d, 0, 0]
    followed[3] += 4
    #expect(error(of: followed) != nil)
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func `random bytes and damaged messages are parsed or refused, never more`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let good = build(
      {
        $0.add(.username, text: "user")
        $0.add(.xorPeerAddress, address: SocketAddress(.loopbackV6, port: 9))
      }, key: [7])
    var parsed = 0
    for _ in 0..<20_000 {
      var bytes = good
      for _ in 0..<Int.random(in: 0...6, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(
          in: 0...255, using: &random)
      }
      if Bool.random(using: &random) {
        bytes.removeLast(Int.random(in: 0...bytes.count, using: &random))
      }
      guard let message = try? Message(bytes.span, in: 0..<bytes.count) else { continue }
      parsed += 1
      for index in 0..<message.attributeCount {
        let range = message[index].range
        #expect(range.lowerBound >= 24 && range.upperBound <= bytes.count)
      }
      _ = message.xorAddress(.xorPeerAddress, bytes.span)
      _ = message.text(.username, bytes.span, max: 509)
    }
    #expect(parsed > 100, "seed \(seed) should leave some messages whole")
  }
}

struct BindingTests {
  private func answer(_ request: [UInt8], from client: SocketAddress) throws -> [UInt8] {
    var reply = MessageBuilder()
    let message = try Message(request.span, in: 0..<request.count)
    BindingResponder.answer(message, from: client, into: &reply)
    return reply.bytes
  }

  @Test(arguments: ["192.0.2.1:1234", "[2001:db8::1]:1234"])
  func `the answer is the sender's address and nothing more`(text: String) throws {
    let client = try #require(SocketAddress(text))
    var builder = MessageBuilder()
    builder.begin(MessageType(.binding, .request), id)
    builder.finish()
    let reply = try answer(builder.bytes, from: client)
    let message = try Message(reply.span, in: 0..<reply.count)
    #expect(message.type == MessageType(.binding, .success))
    #expect(message.transactionID == id)
    #expect(message.xorAddress(.xorMappedAddress, reply.span) == client)
    #expect(message.attributeCount == 1)
    #expect(!message.hasFingerprint)
  }

  @Test func `a request with a fingerprint is answered with one`() throws {
    let reply = try answer(RFC5769Tests.longTerm, from: SocketAddress(.loopbackV4, port: 1))
    #expect(try !Message(reply.span, in: 0..<reply.count).hasFingerprint)
    var builder = MessageBuilder()
    builder.begin(MessageType(.binding, .request), id)
    builder.finish(fingerprint: true)
    let sealed = try answer(builder.bytes, from: SocketAddress(.loopbackV4, port: 1))
    #expect(try Message(sealed.span, in: 0..<sealed.count).hasFingerprint)
  }

  @Test func `an unknown comprehension-required attribute gives 420 with its type`() throws {
    // PRIORITY, which belongs to ICE and not to a server.
    let reply = try answer(RFC5769Tests.request, from: SocketAddress(.loopbackV4, port: 1))
    let message = try Message(reply.span, in: 0..<reply.count)
    #expect(message.errorCode(reply.span) == 420)
    let unknown = try #require(message.value(of: .unknownAttributes))
    #expect(reply.span.bytes(in: unknown) == [0x00, 0x24])
  }
}
