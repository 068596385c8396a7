// The parser and the builder of STUN messages, held against each other.

import NetTypes
import STUN

enum STUNTarget {
  private static let key = LongTermCredential.key(username: "ann", realm: "fuzz", password: "pw")
  private static let client = SocketAddress(IPAddress(198, 51, 100, 7), port: 4_000)

  static func run(_ input: [UInt8]) throws(Finding) {
    if let message = try parse(input) {
      try read(message, input)
      try rebuild(message, input)
      try answer(message)
      try truncate(input)
    }
    let repaired = repair(input)
    guard let message = try parse(repaired) else { return }
    try read(message, repaired)
  }

  /// The same at the beginning of a buffer and in the middle of one.
  private static func parse(_ bytes: [UInt8]) throws(Finding) -> Message? {
    let moved = [0, 0, 0] + bytes + [0, 0, 0, 0, 0]
    let here = try? Message(bytes.span, in: 0..<bytes.count)
    let there = try? Message(moved.span, in: 3..<3 + bytes.count)
    try require(here?.attributeCount == there?.attributeCount, "the place changes the message")
    try require(here?.integrityOffset.map { $0 + 3 } == there?.integrityOffset, "moved integrity")
    return here
  }

  /// What a parser cannot guess: the type's zero bits, length, cookie and FINGERPRINT.
  private static func repair(_ input: [UInt8]) -> [UInt8] {
    var bytes = input + Array(repeating: 0, count: max(0, Wire.headerLength - input.count))
    bytes.removeLast(bytes.count & 3)
    if bytes.count > 60_000 { bytes.removeLast(bytes.count - 60_000) }
    bytes[0] &= 0x3f
    let hasFingerprint = bytes[Wire.headerLength - 1] & 1 == 1
    let end = bytes.count + (hasFingerprint ? 8 : 0)
    var span = bytes.mutableSpan
    span.store(UInt16(end - Wire.headerLength), at: 2)
    span.store(Wire.magicCookie, at: 4)
    guard hasFingerprint else { return bytes }
    let checksum = crc(bytes) ^ Wire.fingerprintXor
    bytes.append(bigEndian: Attribute.fingerprint.rawValue)
    bytes.append(bigEndian: UInt16(4))
    bytes.append(bigEndian: checksum)
    return bytes
  }

  /// The CRC of the standard, bit by bit: nothing shared with the table that is tested.
  private static func crc(_ bytes: [UInt8]) -> UInt32 {
    var value = UInt32.max
    for byte in bytes {
      value ^= UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }
    return ~value
  }

  /// Every accessor for every attribute.
  private static func read(_ message: Message, _ bytes: [UInt8]) throws(Finding) {
    let span = bytes.span
    for index in 0..<message.attributeCount {
      let range = message[index].range
      try require(
        range.lowerBound >= Wire.headerLength && range.upperBound <= bytes.count,
        "an attribute outside of the message")
      guard let attribute = Attribute(rawValue: message[index].type) else { continue }
      let first = (0..<index).first { message[$0].type == message[index].type } ?? index
      try require(message.value(of: attribute) == message[first].range, "not the first one")
      _ = message.uint32(attribute, span)
      let text = message.text(attribute, span, max: 763)
      try require((text?.utf8.count ?? 0) <= 763, "a longer text than asked for")
      if let address = message.xorAddress(attribute, span) { try turnBack(address) }
    }
    if let code = message.errorCode(span) { try require((0..<1_000).contains(code), "\(code)") }
    let unknown = message.unknownRequired
    try require(unknown.allSatisfy(Attribute.isComprehensionRequired), "420 for an optional one")
    try require(Set(unknown).count == unknown.count, "an unknown attribute twice")
    // Nobody can sign for a key by chance.
    try require(!message.isIntegrityValid(span, key: key), "a forged MESSAGE-INTEGRITY")
  }

  private static func turnBack(_ address: SocketAddress) throws(Finding) {
    let id = TransactionID(high: 1, low: 2)
    var bytes = [UInt8](repeating: 0, count: 20)
    var span = bytes.mutableSpan
    XorAddress.encode(address, into: &span, at: 0, id)
    let again = XorAddress.decode(bytes.span, 0..<XorAddress.length(address.ip.family), id)
    try require(again == address, "an address that does not come back")
  }

  /// The same attributes again, signed: parsed the same, valid under the key and no other.
  private static func rebuild(_ message: Message, _ bytes: [UInt8]) throws(Finding) {
    var builder = MessageBuilder()
    builder.begin(message.type, message.transactionID)
    var kept: [AttributeReference] = []
    for index in 0..<message.attributeCount {
      guard let attribute = Attribute(rawValue: message[index].type) else { continue }
      kept.append(message[index])
      builder.add(attribute, bytes: bytes[message[index].range])
    }
    guard builder.bytes.count < 60_000 else { return }
    builder.finish(integrityKey: key, fingerprint: true)
    var copy = builder.bytes
    guard let again = try? Message(copy.span, in: 0..<copy.count) else {
      throw Finding(description: "the builder writes what the parser refuses")
    }
    try require(again.attributeCount == kept.count, "the builder loses attributes")
    for (index, old) in kept.enumerated() {
      let new = again[index]
      try require(
        new.type == old.type && copy[new.range] == bytes[old.range], "an attribute has changed")
    }
    try require(again.hasFingerprint, "no FINGERPRINT")
    try require(again.isIntegrityValid(copy.span, key: key), "the own signature is refused")
    let place = Int(message.transactionID.low % UInt64(again.integrityOffset ?? 1))
    guard !(2...3).contains(place) else { return }
    copy[place] ^= 1
    try require(!again.isIntegrityValid(copy.span, key: key), "a changed message is still signed")
  }

  private static func answer(_ message: Message) throws(Finding) {
    var reply = MessageBuilder()
    BindingResponder.answer(message, from: client, into: &reply)
    let bytes = reply.bytes
    guard let answer = try? Message(bytes.span, in: 0..<bytes.count) else {
      throw Finding(description: "an answer that is no message")
    }
    try require(answer.transactionID == message.transactionID, "an answer to somebody else")
    try require(answer.hasFingerprint == message.hasFingerprint, "FINGERPRINT is not answered")
    try require(
      message.unknownRequired.isEmpty == (answer.type.messageClass == .success), "420 or success")
  }

  /// A part of a message is none.
  private static func truncate(_ bytes: [UInt8]) throws(Finding) {
    for end in Set([0, 19, bytes.count / 2, bytes.count - 1]) where end < bytes.count {
      try require((try? Message(bytes.span, in: 0..<end)) == nil, "a part is taken for a message")
    }
  }
}
