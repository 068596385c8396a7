// Close codes, and which of them may be in a frame.

/// Why a connection ends (RFC 6455 §7.4).
public struct CloseCode: Hashable, Sendable, CustomStringConvertible {
  public let rawValue: UInt16

  public init(_ rawValue: UInt16) { self.rawValue = rawValue }

  public static let normal = CloseCode(1000)
  public static let goingAway = CloseCode(1001)
  public static let protocolError = CloseCode(1002)
  public static let unsupportedData = CloseCode(1003)
  /// Never sent: a close frame without a code (RFC 6455 §7.4.1).
  public static let noStatus = CloseCode(1005)
  /// Never sent: the connection ended without a close frame.
  public static let abnormal = CloseCode(1006)
  public static let invalidPayload = CloseCode(1007)
  public static let policyViolation = CloseCode(1008)
  public static let messageTooBig = CloseCode(1009)
  public static let internalError = CloseCode(1011)

  /// Whether this code may be in a close frame: defined for it by RFC 6455 §7.4.1, registered with
  /// IANA since (1012–1014), or left to libraries and applications (3000–4999, §7.4.2).
  public var isSendable: Bool {
    switch rawValue {
    case 1000...1003, 1007...1014, 3000...4999: true
    default: false
    }
  }

  public var description: String { "\(rawValue)" }
}
