// Everything that a peer can do wrong with frames, and the code that ends the connection.

/// Why a connection is failed (RFC 6455 §7.1.7). The raw value is a stable word for logs and
/// counters.
public enum WebSocketFault: String, Error, Sendable, CaseIterable {
  /// A reserved bit without an extension that gives it a meaning (§5.2).
  case reservedBit = "reserved-bit"
  /// An opcode without a meaning (§5.2).
  case reservedOpcode = "reserved-opcode"
  /// A client's frame without a mask (§5.1).
  case notMasked = "not-masked"
  /// A server's frame with a mask (§5.1).
  case masked = "masked"
  /// A control frame that is not whole (§5.5).
  case fragmentedControl = "fragmented-control"
  /// A control frame of more than 125 bytes (§5.5).
  case longControl = "long-control"
  /// A length written with more bytes than it needs (§5.2).
  case paddedLength = "padded-length"
  /// A length of 2^63 or more (§5.2).
  case impossibleLength = "impossible-length"
  /// A continuation of nothing (§5.4).
  case strayContinuation = "stray-continuation"
  /// A new message inside of a fragmented one (§5.4).
  case interruptedMessage = "interrupted-message"
  /// A message beyond the decoder's limit (§7.4.1).
  case messageTooBig = "message-too-big"
  /// A compressed message that is not raw deflate (RFC 7692 §7.2.2).
  case badDeflate = "bad-deflate"
  /// More control frames or tiny fragments than `WebSocketLimits.idleFramesMax`.
  case tooManyFrames = "too-many-frames"
  /// A text that is not UTF-8 (§8.1).
  case invalidUTF8 = "invalid-utf-8"
  /// A close frame with one byte (§5.5.1).
  case shortClose = "short-close"
  /// A close code that must not be in a frame (§7.4).
  case badCloseCode = "bad-close-code"
  /// A close reason that is not UTF-8 (§5.5.1).
  case badCloseReason = "bad-close-reason"

  /// The code of the close frame that tells the peer.
  public var closeCode: CloseCode {
    switch self {
    case .messageTooBig: .messageTooBig
    case .tooManyFrames: .policyViolation
    case .invalidUTF8, .badCloseReason, .badDeflate: .invalidPayload
    case .reservedBit, .reservedOpcode, .notMasked, .masked, .fragmentedControl, .longControl,
      .paddedLength, .impossibleLength, .strayContinuation, .interruptedMessage, .shortClose,
      .badCloseCode:
      .protocolError
    }
  }
}
