// One side of an established connection: answers pings, and closes as the RFC says.

public import NetTypes

/// What a connection made of a step of its input.
public enum ConnectionEvent: Sendable, Equatable {
  /// All bytes given are taken in; go on when more arrive.
  case needMore
  /// A message; none comes once a close frame was sent.
  case message(Message)
  /// A pong; pings are answered without being told.
  case pong(Payload)
  /// The peer's close frame, nil without a code; the answer it is owed is in the output. A server
  /// writes its output and closes the transport, a client waits for the server to do so.
  case closed(CloseCode?, reason: String)
  /// The peer broke a rule and was told so: write the output and close the transport.
  case failed(WebSocketFault)
}

/// The state of an established WebSocket connection (RFC 6455 §5.5, §7).
///
/// Everything to be sent is appended to an output of the caller's. What appends nothing because the
/// connection is past sending returns false. A driver calls `advance` when `nextDeadline` has come.
public struct WebSocketConnection: ~Copyable, Sendable {
  /// How far the closing handshake is.
  public enum State: Sendable, Equatable {
    case open
    /// Our close frame is sent; the peer's is awaited until the deadline.
    case closing(until: Instant)
    /// Close frames are exchanged, or the connection failed.
    case closed
  }

  public private(set) var state = State.open
  private var decoder: FrameDecoder
  private var maskKeys: MaskKeys?
  /// Bytes of a message, before and after it is inflated.
  private let messageBytesMax: Int
  private var allowance = FrameAllowance()

  private init(
    _ role: WebSocketRole, _ messageBytesMax: Int, allowsCompression: Bool, _ maskKeys: MaskKeys?
  ) {
    decoder = FrameDecoder(
      role: role, messageBytesMax: messageBytesMax, allowsCompression: allowsCompression)
    self.messageBytesMax = messageBytesMax
    self.maskKeys = maskKeys
  }

  /// A server's side.
  ///
  /// - Parameters:
  ///   - messageBytesMax: a larger message is a fault, and so is one that inflates to more.
  ///   - allowsCompression: permessage-deflate was agreed on; `receive` then wants a codec.
  public static func server(
    messageBytesMax: Int = WebSocketLimits.messageBytesMax, allowsCompression: Bool = false
  ) -> WebSocketConnection {
    WebSocketConnection(.server, messageBytesMax, allowsCompression: allowsCompression, nil)
  }

  /// A client's side. Masking keys come from a small generator with this seed: right for peers that
  /// we run ourselves, where nobody plants bytes for a proxy to misread (RFC 6455 §10.3).
  public static func client(
    maskSeed: UInt64, messageBytesMax: Int = WebSocketLimits.messageBytesMax,
    allowsCompression: Bool = false
  ) -> WebSocketConnection {
    WebSocketConnection(
      .client, messageBytesMax, allowsCompression: allowsCompression, MaskKeys(state: maskSeed))
  }

  /// Whether messages can still be sent; a broadcast that was framed once asks this.
  public var isOpen: Bool { state == .open }

  // MARK: Receiving

  /// Goes on in `input` at `offset`, as `FrameDecoder.next` does. Pongs and close frames that are
  /// owed are appended to `output`; together they are no longer than the input they answer, but for
  /// one close frame.
  ///
  /// - Parameters:
  ///   - codec: inflates messages where that was agreed on; not always the same one.
  ///   - now: meters frames that bring no message forward; nil for a peer that is trusted.
  public mutating func receive(
    _ input: inout MutableSpan<UInt8>, at offset: inout Int, output: inout [UInt8],
    codec: (any MessageCodec)? = nil, now: Instant? = nil
  ) -> ConnectionEvent {
    while true {
      if state == .closed {
        offset = input.count
        return .needMore
      }
      let event = decoder.next(in: &input, at: &offset)
      let idleFrames = decoder.takeIdleFrames()
      if let now, idleFrames > 0, !allowance.take(idleFrames, now: now) {
        return fail(.tooManyFrames, &output)
      }
      switch event {
      case .needMore: return .needMore
      case .message(let message):
        guard isOpen else { continue }
        if !message.isCompressed { return .message(message) }
        do throws(WebSocketFault) {
          return .message(try inflated(message, input.span, codec))
        } catch {
          return fail(error, &output)
        }
      case .pong(let payload): if isOpen { return .pong(payload) }
      case .ping(let payload): if isOpen { answer(payload, input.span, &output) }
      case .close(let code, let reason):
        // RFC 6455 §5.5.1: answered with the same code, unless ours was sent first.
        if isOpen { appendClose(code, "", &output) }
        state = .closed
        return .closed(code, reason: reason)
      case .failed(let fault): return fail(fault, &output)
      }
    }
  }

  private mutating func fail(_ fault: WebSocketFault, _ output: inout [UInt8]) -> ConnectionEvent {
    if isOpen { appendClose(fault.closeCode, fault.rawValue, &output) }
    state = .closed
    return .failed(fault)
  }

  /// RFC 7692 §6.2, and then RFC 6455 §8.1.
  private func inflated(
    _ message: Message, _ input: Span<UInt8>, _ codec: (any MessageCodec)?
  ) throws(WebSocketFault) -> Message {
    guard let codec else { preconditionFailure("compression was agreed on without a codec") }
    var bytes: [UInt8] = []
    do throws(InflateFault) {
      try message.payload.withSpan(in: input) { payload throws(InflateFault) in
        try codec.inflate(payload, bytesMax: messageBytesMax, into: &bytes)
      }
    } catch {
      switch error {
      case .malformed: throw .badDeflate
      case .tooLarge: throw .messageTooBig
      }
    }
    if message.kind == .text {
      var validator = UTF8Validator()
      guard validator.accept(bytes.span, 0..<bytes.count), validator.isComplete else {
        throw .invalidUTF8
      }
    }
    return Message(kind: message.kind, payload: .owned(bytes))
  }

  /// The same for an array, in which a payload's range then counts.
  public mutating func receive(
    _ input: inout [UInt8], at offset: inout Int, output: inout [UInt8],
    codec: (any MessageCodec)? = nil, now: Instant? = nil
  ) -> ConnectionEvent {
    var span = input.mutableSpan
    return receive(&span, at: &offset, output: &output, codec: codec, now: now)
  }

  /// RFC 6455 §5.5.3: a pong has the payload of its ping.
  private mutating func answer(
    _ ping: Payload, _ input: Span<UInt8>, _ output: inout [UInt8]
  ) {
    let key = maskKeys?.next()
    ping.withSpan(in: input) { payload in
      FrameEncoder.append(to: &output, opcode: .pong, payload: payload, maskKey: key)
    }
  }

  // MARK: Sending

  /// Appends a whole message.
  ///
  /// - Parameter isCompressed: `payload` has been deflated, as was agreed on.
  @discardableResult
  public mutating func send(
    _ kind: MessageKind, _ payload: Span<UInt8>, isCompressed: Bool = false, output: inout [UInt8]
  ) -> Bool {
    guard isOpen else { return false }
    FrameEncoder.append(
      to: &output, opcode: kind.opcode, payload: payload, isCompressed: isCompressed,
      maskKey: maskKeys?.next())
    return true
  }

  /// Appends a ping with at most `WebSocketLimits.controlBytesMax` bytes.
  @discardableResult
  public mutating func ping(_ payload: Span<UInt8>, output: inout [UInt8]) -> Bool {
    guard isOpen else { return false }
    FrameEncoder.append(to: &output, opcode: .ping, payload: payload, maskKey: maskKeys?.next())
    return true
  }

  // MARK: Closing

  /// Appends a close frame and begins to wait for the peer's.
  @discardableResult
  public mutating func close(
    _ code: CloseCode, reason: String = "", now: Instant, output: inout [UInt8]
  ) -> Bool {
    guard isOpen else { return false }
    appendClose(code, reason, &output)
    state = .closing(until: now + WebSocketLimits.closeWait)
    return true
  }

  /// When `advance` wants to be called, or nil.
  public var nextDeadline: Instant? {
    guard case .closing(let deadline) = state else { return nil }
    return deadline
  }

  /// True when the peer's close frame did not come in time: close the transport.
  public mutating func advance(to now: Instant) -> Bool {
    guard let deadline = nextDeadline, now >= deadline else { return false }
    state = .closed
    return true
  }

  private mutating func appendClose(
    _ code: CloseCode?, _ reason: String, _ output: inout [UInt8]
  ) {
    FrameEncoder.appendClose(to: &output, code, reason: reason, maskKey: maskKeys?.next())
  }
}

/// Masking keys from a seed (SplitMix64).
struct MaskKeys: Sendable {
  var state: UInt64

  mutating func next() -> UInt32 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return UInt32(truncatingIfNeeded: (mixed ^ (mixed >> 31)) >> 32)
  }
}
