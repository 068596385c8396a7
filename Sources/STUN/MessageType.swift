// The first two bytes of a STUN message: its method and class, and what may stand in their place.

/// RFC 8489 §5: the class of a message.
public enum MessageClass: UInt16, Sendable {
  case request = 0x000
  case indication = 0x010
  case success = 0x100
  case error = 0x110
}

/// RFC 8489 §18.2, RFC 8656 §17 and RFC 6062 §6.1: the methods that are known here.
public enum Method: UInt16, Sendable {
  case binding = 0x001
  case allocate = 0x003
  case refresh = 0x004
  case send = 0x006
  case data = 0x007
  case createPermission = 0x008
  case channelBind = 0x009
  case connect = 0x00A
  case connectionBind = 0x00B
  case connectionAttempt = 0x00C
}

/// Method and class, interleaved as RFC 8489 §5, figure 3 shows.
public struct MessageType: Hashable, Sendable {
  public let rawValue: UInt16

  @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

  @inlinable public init(_ method: Method, _ messageClass: MessageClass) {
    let bits = method.rawValue
    rawValue =
      (bits & 0xf80) << 2 | (bits & 0x070) << 1 | (bits & 0x00f) | messageClass.rawValue
  }

  @inlinable public var messageClass: MessageClass {
    switch rawValue & 0x110 {
    case 0x000: return .request
    case 0x010: return .indication
    case 0x100: return .success
    default: return .error
    }
  }

  /// The 12-bit method number, known or not.
  @inlinable public var methodNumber: UInt16 {
    (rawValue & 0x3e00) >> 2 | (rawValue & 0x00e0) >> 1 | (rawValue & 0x000f)
  }

  @inlinable public var method: Method? { Method(rawValue: methodNumber) }

  /// The type of an answer to this request.
  @inlinable public func answer(_ messageClass: MessageClass) -> MessageType {
    MessageType(rawValue: rawValue & ~0x110 | messageClass.rawValue)
  }
}

/// The 96 bits that tie an answer to its request (RFC 8489 §5).
public struct TransactionID: Hashable, Sendable {
  public let high: UInt32
  public let low: UInt64

  @inlinable public init(high: UInt32, low: UInt64) {
    self.high = high
    self.low = low
  }

  public init(using random: inout some RandomNumberGenerator) {
    self.init(high: UInt32.random(in: .min ... .max, using: &random), low: random.next())
  }
}

/// Numbers of the wire format.
public enum Wire {
  /// RFC 8489 §5.
  public static let magicCookie: UInt32 = 0x2112_A442
  public static let headerLength = 20
  public static let attributeHeaderLength = 4
  /// RFC 8656 §12.4.
  public static let channelDataHeaderLength = 4
  /// RFC 8489 §14.16: bytes of ALTERNATE-DOMAIN.
  public static let alternateDomainMax = 255
  /// RFC 8489 §14.7.
  public static let fingerprintXor: UInt32 = 0x5354_554e
}

/// RFC 7983: what the first byte of a datagram on a STUN and TURN port says it is.
public enum DatagramKind: Sendable {
  case stun
  case channelData
  case unknown

  @inlinable public init(firstByte: UInt8) {
    switch firstByte {
    case 0...3: self = .stun
    case 64...127: self = .channelData
    default: self = .unknown
    }
  }
}
