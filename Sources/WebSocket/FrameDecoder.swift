// Turns bytes that arrive in pieces into messages and control frames.

/// Decodes the frames of one direction of a connection (RFC 6455 §5).
///
/// The driver gives it each piece of bytes once and calls `next` until it says `needMore`; then all
/// of them are taken in and the buffer is free. A payload that lies whole in the piece stays there,
/// unmasked in place. Otherwise what has arrived of it is copied, once, and kept here: at most
/// `messageBytesMax` bytes, and `WebSocketLimits.controlBytesMax` of a control frame, however much
/// a header announces.
public struct FrameDecoder: ~Copyable, Sendable {
  private enum Phase {
    case header
    case payload
    /// Behind a close frame or a fault, where nothing counts any more.
    case ended
  }

  private let rules: HeaderRules
  private var phase = Phase.header
  private var reader = HeaderReader()
  private var frame = FrameHeader()
  /// Bytes of the frame's payload that have arrived.
  private var received = 0
  /// The message whose frames are arriving; nil between messages.
  private var kind: MessageKind?
  private var isCompressed = false
  /// What has arrived of it in earlier pieces.
  private var assembly: [UInt8] = []
  /// What has arrived of a control frame in earlier pieces.
  private var control: [UInt8] = []
  /// Between messages it is complete: a text that is not ends the connection.
  private var validator = UTF8Validator()
  /// Frames that brought no message forward, since they were asked for.
  private var idleFrames = 0

  /// A decoder for the frames that `role` receives.
  ///
  /// - Parameters:
  ///   - messageBytesMax: a larger message is a fault, found by its header.
  ///   - allowsCompression: permessage-deflate was agreed on, so RSV1 is handed on as
  ///     `Message.isCompressed`; the limit then counts compressed bytes.
  public init(
    role: WebSocketRole, messageBytesMax: Int = WebSocketLimits.messageBytesMax,
    allowsCompression: Bool = false
  ) {
    precondition(messageBytesMax >= 0, "a limit is not negative")
    rules = HeaderRules(
      role: role, messageBytesMax: messageBytesMax, allowsCompression: allowsCompression)
  }

  /// Goes on in `input` at `offset`, which moves behind what was taken in. A payload given as a
  /// range lies in `input` and is unmasked.
  public mutating func next(
    in input: inout MutableSpan<UInt8>, at offset: inout Int
  ) -> FrameEvent {
    precondition(offset >= 0 && offset <= input.count, "the offset lies in the input")
    do throws(WebSocketFault) {
      while true {
        switch phase {
        case .header:
          guard try readHeader(input.span, at: &offset) else { return .needMore }
        case .payload:
          if let event = try readPayload(&input, at: &offset) { return event }
          if phase == .payload { return .needMore }
        case .ended:
          offset = input.count
          return .needMore
        }
      }
    } catch {
      end()
      offset = input.count
      return .failed(error)
    }
  }

  /// The same for an array, in which a payload's range then counts.
  public mutating func next(in input: inout [UInt8], at offset: inout Int) -> FrameEvent {
    var span = input.mutableSpan
    return next(in: &span, at: &offset)
  }

  /// Reads up to the end of a header. False: the input ended first.
  private mutating func readHeader(
    _ input: Span<UInt8>, at offset: inout Int
  ) throws(WebSocketFault) -> Bool {
    while offset < input.count {
      let byte = input[offset]
      offset += 1
      let assembled = kind == nil ? nil : assembly.count
      guard let header = try reader.take(byte, rules, assembled: assembled) else { continue }
      reader = HeaderReader()
      frame = header
      if FrameAllowance.counts(header) { idleFrames += 1 }
      received = 0
      phase = .payload
      switch header.opcode {
      case .text: begin(.text)
      case .binary: begin(.binary)
      case .continuation, .close, .ping, .pong: break
      }
      return true
    }
    return false
  }

  /// How many frames that `FrameAllowance` counts have begun since this was last called.
  mutating func takeIdleFrames() -> Int {
    defer { idleFrames = 0 }
    return idleFrames
  }

  private mutating func begin(_ kind: MessageKind) {
    self.kind = kind
    isCompressed = frame.isCompressed
  }

  /// Takes in what there is of the payload. Nil: the frame is not complete, or it was a fragment
  /// and the phase is again `header`.
  private mutating func readPayload(
    _ input: inout MutableSpan<UInt8>, at offset: inout Int
  ) throws(WebSocketFault) -> FrameEvent? {
    let count = min(frame.length - received, input.count - offset)
    let range = offset..<offset + count
    if let key = frame.key { input.mask(range, with: key.rotated(by: received)) }
    offset += count
    received += count
    let isComplete = received == frame.length
    if isComplete { phase = .header }
    return frame.opcode.isControl
      ? try takeControl(input.span, range, isComplete: isComplete)
      : try takeData(input.span, range, isComplete: isComplete)
  }

  private mutating func takeData(
    _ input: Span<UInt8>, _ range: Range<Int>, isComplete: Bool
  ) throws(WebSocketFault) -> FrameEvent? {
    guard let kind else { return nil }
    let isWhole = isComplete && frame.isFinal
    // A compressed text is validated by whoever inflates it.
    if kind == .text && !isCompressed {
      // RFC 6455 §8.1: failed at the first byte that cannot be, not at the end of the message.
      guard validator.accept(input, range), !isWhole || validator.isComplete else {
        throw .invalidUTF8
      }
    }
    if isWhole && assembly.isEmpty { return finish(kind, .range(range)) }
    assembly.append(input, range)
    if !isWhole { return nil }
    let message = assembly
    assembly = []
    return finish(kind, .owned(message))
  }

  private mutating func finish(_ kind: MessageKind, _ payload: Payload) -> FrameEvent {
    self.kind = nil
    return .message(Message(kind: kind, isCompressed: isCompressed, payload: payload))
  }

  private mutating func takeControl(
    _ input: Span<UInt8>, _ range: Range<Int>, isComplete: Bool
  ) throws(WebSocketFault) -> FrameEvent? {
    let payload: Payload
    if isComplete && control.isEmpty {
      payload = .range(range)
    } else {
      control.append(input, range)
      if !isComplete { return nil }
      payload = .owned(control)
      control = []
    }
    switch frame.opcode {
    case .ping: return .ping(payload)
    case .pong: return .pong(payload)
    case .close:
      let event = try Self.close(payload.bytes(in: input))
      end()
      return event
    case .continuation, .text, .binary: return nil
    }
  }

  /// Reads the payload of a close frame (RFC 6455 §5.5.1).
  private static func close(_ payload: [UInt8]) throws(WebSocketFault) -> FrameEvent {
    if payload.isEmpty { return .close(nil, reason: "") }
    guard payload.count >= 2 else { throw .shortClose }
    let code = CloseCode(UInt16(payload[0]) << 8 | UInt16(payload[1]))
    guard code.isSendable else { throw .badCloseCode }
    guard let reason = String(validating: payload[2...], as: UTF8.self) else {
      throw .badCloseReason
    }
    return .close(code, reason: reason)
  }

  private mutating func end() {
    phase = .ended
    kind = nil
    assembly = []
    control = []
  }
}
