// Reads the values of options: addresses, blocks, ports, numbers, names.

public import Logging
public import NetTypes

/// An address that a program offers its administration at, or asks for it.
public enum AdminAddress: Sendable, Equatable, CustomStringConvertible {
  /// TCP.
  case tcp(SocketAddress)
  /// A socket in the file system, as sockaddr_un takes it: at most 107 bytes.
  case unix(path: String)

  /// As it is written for `--admin`.
  public var description: String {
    switch self {
    case .tcp(let address): address.text
    case .unix(let path): "unix:\(path)"
    }
  }
}

/// Readers for use in setters. Each says what would be right when it refuses a text.
public enum OptionValues {
  /// `HOST:PORT` with an IP address: `127.0.0.1:8080` or `[::1]:8080`.
  public static func address(_ text: String) throws(MalformedValue) -> SocketAddress {
    guard let address = SocketAddress(text) else {
      throw .isNot("HOST:PORT with an IP address, such as 127.0.0.1:8080 or [::1]:8080")
    }
    return address
  }

  /// `HOST:PORT` or `unix:PATH`.
  public static func admin(_ text: String) throws(MalformedValue) -> AdminAddress {
    if let path = text.dropping(prefix: "unix:") {
      // sun_path has 108 bytes, the last of them 0 (unix(7)).
      guard (1...107).contains(path.utf8.count), !path.utf8.contains(0) else {
        throw .isNot("unix:PATH with a path of 1 to 107 bytes")
      }
      return .unix(path: path)
    }
    guard let address = SocketAddress(text) else {
      throw .isNot("HOST:PORT or unix:PATH, such as 127.0.0.1:9090 or unix:/run/parley.sock")
    }
    return .tcp(address)
  }

  /// An IPv4 or IPv6 address without a port.
  public static func ip(_ text: String) throws(MalformedValue) -> IPAddress {
    guard let ip = IPAddress(text) else {
      throw .isNot("an IP address, such as 192.0.2.7 or 2001:db8::7")
    }
    return ip
  }

  /// A block of addresses, or one.
  public static func cidr(_ text: String) throws(MalformedValue) -> CIDR {
    if let cidr = CIDR(text) { return cidr }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    if parts.count == 2, let ip = IPAddress(parts[0]), let length = Int(parts[1]),
      let block = blockAround(ip, length)
    {
      throw MalformedValue("has bits set behind the prefix; the block it lies in is \(block.text)")
    }
    throw .isNot("a block of addresses, such as 10.0.0.0/8 or fd00::/8")
  }

  private static func blockAround(_ ip: IPAddress, _ length: Int) -> CIDR? {
    guard (0...ip.family.bits).contains(length) else { return nil }
    if ip.family == .v4 {
      let mask: UInt32 = length == 0 ? 0 : ~0 << UInt32(32 - length)
      return CIDR(IPAddress(v4: UInt32(truncatingIfNeeded: ip.low) & mask), prefixLength: length)
    }
    let high: UInt64 = ~0 << UInt64(64 - min(length, 64))
    let low: UInt64 = ~0 << UInt64(128 - max(length, 64))
    return CIDR(IPAddress(v6High: ip.high & high, low: ip.low & low), prefixLength: length)
  }

  /// `A-B`, both within 1...65535.
  public static func portRange(_ text: String) throws(MalformedValue) -> PortRange {
    guard let range = PortRange(text) else {
      throw .isNot("A-B with 1 ≤ A ≤ B ≤ 65535, such as 49152-65535")
    }
    return range
  }

  /// Digits only, within bounds.
  public static func number(
    _ text: String, in range: ClosedRange<Int>, or alternative: String = ""
  ) throws(MalformedValue) -> Int {
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text),
      range.contains(number)
    else {
      throw .isNot("a number from \(range.lowerBound) to \(range.upperBound)\(alternative)")
    }
    return number
  }

  /// Numbers of processors, and ranges of them, separated by commas; 1 to 256, none twice.
  public static func processors(_ text: String) throws(MalformedValue) -> [Int] {
    var numbers: [Int] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false)
      guard ends.count <= 2, let from = ends.first.flatMap(processor),
        let to = ends.last.flatMap(processor), from <= to
      else { throw .isNot("a list of processors, such as 0-3,6") }
      numbers += from...to
    }
    guard Set(numbers).count == numbers.count else {
      throw MalformedValue("names a processor twice")
    }
    guard numbers.count <= 256 else { throw MalformedValue("names more than 256 processors") }
    return numbers
  }

  /// As many as the kernel's set of processors has.
  private static func processor(_ text: Substring) -> Int? {
    try? number(String(text), in: 0...1_023)
  }

  /// Whole seconds, up to a week.
  public static func seconds(_ text: String) throws(MalformedValue) -> Duration {
    .seconds(try number(text, in: 0...604_800))
  }

  /// One of a few words.
  public static func word<Word: CaseIterable & RawRepresentable<String>>(
    _ text: String, as type: Word.Type
  ) throws(MalformedValue) -> Word {
    if let word = Word(rawValue: text) { return word }
    let words = Word.allCases.map(\.rawValue)
    throw .isNot("one of \(words.joined(separator: ", "))")
  }

  /// `error`, `warning`, `info` or `debug`.
  public static func logLevel(_ text: String) throws(MalformedValue) -> Log.Level {
    try word(text, as: Log.Level.self)
  }

  /// Something, and no control characters in it.
  public static func text(_ text: String, bytesMax: Int) throws(MalformedValue) -> String {
    guard (1...bytesMax).contains(text.utf8.count), text.unicodeScalars.allSatisfy(isPrintable)
    else { throw .isNot("a text of 1 to \(bytesMax) bytes without control characters") }
    return text
  }

  static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value)
  }
}

extension String {
  /// What follows the prefix, if the text begins with it.
  func dropping(prefix: String) -> String? {
    hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
  }
}
