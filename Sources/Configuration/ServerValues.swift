// Reads the values that only the servers have: listeners, users, realms, origins, URLs.

import Foundation
import NetTypes

extension OptionValues {
  /// A terabyte: more than any interface passes.
  static let bytesPerSecondMax = 1_000_000_000_000
  /// RFC 8489 §14.3: a USERNAME has fewer than 509 bytes.
  static let userNameBytesMax = 508
  /// RFC 8489 §14.9: a REALM has fewer than 128 characters, and at most 763 bytes.
  static let realmCharactersMax = 127

  /// The transports that can be listened on.
  static let listenerTransports = [Transport.udp, .tcp, .tls, .dtls]

  /// A transport and where: `udp:HOST:PORT`.
  static func listener(_ text: String) throws(MalformedValue) -> ServerConfiguration.Listener {
    for transport in listenerTransports {
      guard let rest = text.dropping(prefix: "\(transport.text):") else { continue }
      guard let address = SocketAddress(rest) else { break }
      return ServerConfiguration.Listener(transport: transport, address: address)
    }
    let names = listenerTransports.map(\.text).joined(separator: "|")
    throw .isNot(
      "\(names):HOST:PORT with an IP address, such as udp:0.0.0.0:3478 or udp:[::]:3478")
  }

  /// Bytes per second, in units, thousands (`k`) or millions (`M`); `nil` for 0, no limit.
  static func bytesPerSecond(_ text: String) throws(MalformedValue) -> Int? {
    let units = ["k": 1_000, "M": 1_000_000]
    let unit = text.last.flatMap { units[String($0)] }
    let digits = unit == nil ? text[...] : text.dropLast()
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let number = Int(digits), number <= bytesPerSecondMax / (unit ?? 1)
    else { throw .isNot("a number of bytes per second, such as 125000, 125k, 1M, or 0") }
    return number == 0 ? nil : number * (unit ?? 1)
  }

  /// An address that a relay socket can be bound to and that peers can answer.
  static func relayAddress(_ text: String) throws(MalformedValue) -> IPAddress {
    let address = try ip(text)
    let isMulticast =
      switch address.family {
      case .v4: address.low >> 28 == 0xE
      case .v6: address.high >> 56 == 0xFF
      }
    guard !address.isUnspecified, !isMulticast else {
      throw .isNot("one address of this host, such as 192.0.2.7")
    }
    return address
  }

  /// `NAME:PASSWORD`, or `NAME:0x` and a key; the password may hold colons.
  static func user(_ text: String) throws(MalformedValue) -> ServerConfiguration.User {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty,
      text.unicodeScalars.allSatisfy(isPrintable)
    else { throw .isNot("NAME:PASSWORD or NAME:0xKEY") }
    let given = String(parts[0])
    let name = OpaqueString.prepare(given) ?? given
    guard name.utf8.count <= userNameBytesMax else {
      throw MalformedValue("has a name of more than \(userNameBytesMax) bytes (RFC 8489 §14.3)")
    }
    guard let hex = String(parts[1]).dropping(prefix: "0x") else {
      return ServerConfiguration.User(name: name, proof: .password(Secret(String(parts[1]))))
    }
    guard let key = bytes(hex: hex), keyLengths.contains(key.count) else {
      throw MalformedValue(
        "has a key that is neither 32 (MD5) nor 64 (SHA-256) hexadecimal digits;"
          + " a password can not begin with 0x")
    }
    return ServerConfiguration.User(name: name, proof: .key(hex: Secret(hex)))
  }

  /// RFC 8489 §18.5.1: bytes of the keys of MD5 and SHA-256.
  private static let keyLengths = [16, 32]

  /// The bytes of an even number of hexadecimal digits.
  static func bytes(hex: String) -> [UInt8]? {
    let digits = hex.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue.map(UInt8.init) }
    guard digits.count == hex.utf8.count, digits.count % 2 == 0 else { return nil }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  /// `KID:BASE64`, and perhaps the algorithm.
  static func authorizationKey(_ text: String) throws(MalformedValue)
    -> ServerConfiguration.AuthorizationKey
  {
    typealias Key = ServerConfiguration.AuthorizationKey
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard (2...3).contains(parts.count), !parts[0].isEmpty,
      parts[0].utf8.count <= userNameBytesMax, text.unicodeScalars.allSatisfy(isPrintable),
      let key = bytes(base64: parts[1])
    else { throw .isNot("KID:BASE64 or KID:BASE64:ALG") }
    guard let algorithm = parts.count == 2 ? .a256GCM : Key.Algorithm(rawValue: parts[2]) else {
      let names = Key.Algorithm.allCases.map(\.rawValue).joined(separator: " nor ")
      throw MalformedValue("has an algorithm that is neither \(names)")
    }
    guard key.count >= algorithm.keyBytesMin else {
      throw MalformedValue(
        "has a key of \(key.count) bytes; \(algorithm.rawValue) needs \(algorithm.keyBytesMin)")
    }
    return Key(id: parts[0], algorithm: algorithm, base64: Secret(parts[1]))
  }

  static func bytes(base64: String) -> [UInt8]? { Data(base64Encoded: base64).map(Array.init) }

  /// `PUBLIC` or `PUBLIC/ADDRESS`, both of one family.
  static func external(_ text: String) throws(MalformedValue) -> ServerConfiguration.External {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    let addresses = parts.compactMap { IPAddress($0) }.filter { !$0.isUnspecified }
    guard (1...2).contains(parts.count), addresses.count == parts.count,
      Set(addresses.map(\.family)).count == 1
    else {
      throw .isNot("PUBLIC or PUBLIC/ADDRESS, such as 203.0.113.7/10.0.0.7")
    }
    return ServerConfiguration.External(
      outside: addresses[0], inside: addresses.count == 2 ? addresses[1] : nil)
  }

  /// One character that no time has in it.
  static func separator(_ text: String) throws(MalformedValue) -> Character {
    guard let byte = text.utf8.first, text.utf8.count == 1, (0x21...0x7E).contains(byte),
      !(0x30...0x39).contains(byte)
    else { throw .isNot("one character of ASCII that is no digit, such as : or -") }
    return Character(UnicodeScalar(byte))
  }

  /// A realm that fits into the attribute, which is a quoted string without its quotes.
  static func realm(_ text: String) throws(MalformedValue) -> String {
    guard (1...realmCharactersMax).contains(text.unicodeScalars.count), text.utf8.count <= 763,
      text.unicodeScalars.allSatisfy({ isPrintable($0) && $0 != "\"" && $0 != "\\" })
    else {
      throw .isNot("a realm: 1 to \(realmCharactersMax) characters without quotes or controls")
    }
    return text
  }

  /// `https://host` with or without a port, as browsers write it (RFC 6454 §6.2), or `*`.
  static func origin(_ text: String) throws(MalformedValue) -> String {
    if text == "*" { return text }
    let lowered = text.lowercased()
    let host = lowered.dropping(prefix: "https://") ?? lowered.dropping(prefix: "http://")
    guard let host, !host.isEmpty, isHost(host) else {
      throw .isNot("an origin, such as https://example.org (no path), or *")
    }
    return lowered
  }

  /// `turn:HOST[:PORT][?transport=udp]` (RFC 7065 §3.1), or `stun:HOST[:PORT]` (RFC 7064 §3.1).
  static func iceURL(_ text: String) throws(MalformedValue) -> String {
    let isTURN = text.hasPrefix("turn:") || text.hasPrefix("turns:")
    let isSTUN = text.hasPrefix("stun:") || text.hasPrefix("stuns:")
    let rest = text.drop { $0 != ":" }.dropFirst()
    let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let transports = ["transport=udp", "transport=tcp"]
    guard isTURN || isSTUN, let host = parts.first, !host.isEmpty, isHost(host),
      parts.count == 1 || (isTURN && transports.contains(String(parts[1])))
    else { throw .isNot("a URL such as turn:relay.example.org:3478?transport=udp") }
    return text
  }

  /// Letters, digits and what names, IPv6 addresses and ports are made of besides.
  static func isHost(_ text: some StringProtocol) -> Bool {
    text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
        UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
  }
}
