// What a decoder hands out: payloads, messages, and one event for each step.

/// The bytes of a payload, already unmasked.
public enum Payload: Sendable, Equatable {
  /// They lie in the bytes that were given to the decoder, which nobody has copied.
  case range(Range<Int>)
  /// They came in several pieces and were put together.
  case owned([UInt8])

  /// The number of bytes.
  public var count: Int {
    switch self {
    case .range(let range): range.count
    case .owned(let bytes): bytes.count
    }
  }

  /// Lends the bytes to `body` without copying them; `input` is what was given to the decoder for
  /// this event.
  public func withSpan<Result, Failure: Error>(
    in input: Span<UInt8>, _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    switch self {
    case .range(let range): try body(input.extracting(range))
    case .owned(let bytes): try body(bytes.span)
    }
  }

  /// A copy of the bytes; `input` is what was given to the decoder for this event.
  public func bytes(in input: Span<UInt8>) -> [UInt8] {
    switch self {
    case .range(let range):
      var copy: [UInt8] = []
      copy.append(input, range)
      return copy
    case .owned(let bytes): return bytes
    }
  }
}

/// The two kinds of messages.
public enum MessageKind: Sendable {
  /// UTF-8, which the decoder has validated.
  case text
  case binary

  /// The opcode of a message's first frame.
  public var opcode: Opcode { self == .text ? .text : .binary }
}

/// A whole message.
public struct Message: Sendable, Equatable {
  public let kind: MessageKind
  /// Its first frame had RSV1: the payload is to be inflated, and a text then to be validated, as
  /// `WebSocketConnection` does. Always false unless the decoder allows compression (RFC 7692).
  public let isCompressed: Bool
  public let payload: Payload

  public init(kind: MessageKind, isCompressed: Bool = false, payload: Payload) {
    self.kind = kind
    self.isCompressed = isCompressed
    self.payload = payload
  }
}

/// What one step of a decoder found.
public enum FrameEvent: Sendable, Equatable {
  /// All bytes given are taken in and can be dropped; go on when more arrive.
  case needMore
  case message(Message)
  case ping(Payload)
  case pong(Payload)
  /// The peer's close frame: its code, or nil without one. All bytes behind it are ignored.
  case close(CloseCode?, reason: String)
  /// The peer broke a rule. All bytes behind it are ignored.
  case failed(WebSocketFault)
}
