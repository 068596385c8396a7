// permessage-deflate (RFC 7692) without context takeover: the seam to a library, and what is agreed
// on.

/// Why a compressed message cannot be had.
public enum InflateFault: Error, Sendable {
  /// It is not raw deflate, or its last block is not complete.
  case malformed
  /// It has more bytes than asked for.
  case tooLarge
}

/// Deflates and inflates messages one by one, none with regard to another: so one of these serves
/// all connections of a thread, and a connection needs no memory for it.
public protocol MessageCodec: AnyObject {
  /// Appends `bytes` as raw deflate that ends with an empty stored block, without the four last
  /// bytes of that (RFC 7692 §7.2.1). `false`: the library has no memory; nothing was appended.
  ///
  /// - Parameter windowBits: within `DeflateAgreement.windowBits`; no reference goes farther back
  ///   than 2 to the power of it.
  func deflate(
    _ bytes: Span<UInt8>, windowBits: Int, into output: inout [UInt8]
  ) -> Bool

  /// Appends what `payload` inflates to, its four last bytes added again (RFC 7692 §7.2.2): at most
  /// `bytesMax` bytes, and no more memory than for these, however much it would be.
  func inflate(
    _ payload: Span<UInt8>, bytesMax: Int, into output: inout [UInt8]
  ) throws(InflateFault)
}

/// Raw deflate that is put together from parts (RFC 1951 §3.2.4).
public enum DeflateBlocks {
  /// Bytes in front of the contents of a stored block.
  public static let storedHeaderBytes = 5

  /// Appends the header of a stored block of `count` bytes, which the caller appends: what is
  /// known late, or differs between receivers, goes uncompressed in front of what was deflated
  /// once. Only at the beginning of a message, for a block's header begins at a bit.
  public static func appendStoredHeader(count: Int, to output: inout [UInt8]) {
    precondition((1...0xFFFF).contains(count), "a stored block has up to 65,535 bytes")
    let low = UInt8(count & 0xFF)
    let high = UInt8(count >> 8)
    output.append(contentsOf: [0x00, low, high, ~low, ~high])
  }
}

/// What two sides have agreed on. Context takeover is off in both directions.
public struct DeflateAgreement: Sendable, Equatable {
  /// What a window may have. RFC 7692 §7.1.2 has 8 to 15; zlib makes no raw deflate with 8, so an
  /// offer with that is declined.
  public static let windowBits = 9...15

  /// For what the server sends.
  public let serverWindowBits: Int

  public init(serverWindowBits: Int = windowBits.upperBound) {
    precondition(Self.windowBits.contains(serverWindowBits), "zlib has no such window")
    self.serverWindowBits = serverWindowBits
  }

  static let name = "permessage-deflate"
  static let serverNoTakeover = "server_no_context_takeover"
  static let clientNoTakeover = "client_no_context_takeover"
  static let serverBits = "server_max_window_bits"
  static let clientBits = "client_max_window_bits"

  /// What a server answers.
  var response: String {
    let text = "\(Self.name); \(Self.serverNoTakeover); \(Self.clientNoTakeover)"
    let isWhole = serverWindowBits == Self.windowBits.upperBound
    return isWhole ? text : "\(text); \(Self.serverBits)=\(serverWindowBits)"
  }

  /// What a client offers that keeps no context either.
  static let offer = "\(name); \(serverNoTakeover); \(clientNoTakeover)"

  /// The first of the client's offers that can be accepted (RFC 7692 §5.1); nil when none can.
  static func accept(_ offers: [ExtensionElement]) -> DeflateAgreement? {
    for offer in offers where offer.name == name {
      if let agreement = accept(offer) { return agreement }
    }
    return nil
  }

  /// RFC 7692 §7.1: a parameter that is unknown, comes twice, or has a value that it cannot have
  /// declines the offer.
  private static func accept(_ offer: ExtensionElement) -> DeflateAgreement? {
    guard offer.hasNoDuplicates else { return nil }
    var bits = windowBits.upperBound
    for parameter in offer.parameters {
      switch (parameter.name, parameter.value) {
      case (serverNoTakeover, nil), (clientNoTakeover, nil): break
      // What the client may use for its part; whatever it is, we inflate it.
      case (clientBits, nil): break
      case (clientBits, let value?):
        guard number(value) != nil else { return nil }
      case (serverBits, let value?):
        guard let wanted = number(value), windowBits.contains(wanted) else { return nil }
        bits = wanted
      default: return nil
      }
    }
    return DeflateAgreement(serverWindowBits: bits)
  }

  /// Judges a server's answer to `offer`; nil: we cannot go on with it.
  static func check(_ answer: ExtensionElement) -> DeflateAgreement? {
    guard answer.name == name, answer.hasNoDuplicates else { return nil }
    var keepsNoContext = false
    var bits = windowBits.upperBound
    for parameter in answer.parameters {
      switch (parameter.name, parameter.value) {
      case (serverNoTakeover, nil): keepsNoContext = true
      case (clientNoTakeover, nil): break
      case (serverBits, let value?):
        guard let told = number(value), windowBits.contains(told) else { return nil }
        bits = told
      // RFC 7692 §7.1.2.2: not when it was not offered.
      default: return nil
      }
    }
    return keepsNoContext ? DeflateAgreement(serverWindowBits: bits) : nil
  }

  /// RFC 7692 §7.1.2: 8 to 15, in decimal without leading zeros.
  private static func number(_ text: String) -> Int? {
    guard let number = Int(text), (8...15).contains(number), text == "\(number)" else {
      return nil
    }
    return number
  }
}
