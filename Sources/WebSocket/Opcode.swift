// Opcodes and the two sides of a connection.

/// What a frame carries (RFC 6455 §5.2). Other values are reserved.
public enum Opcode: UInt8, Sendable {
  case continuation = 0x0
  case text = 0x1
  case binary = 0x2
  case close = 0x8
  case ping = 0x9
  case pong = 0xA

  /// Control frames are short, whole, and may come between the fragments of a message.
  public var isControl: Bool { rawValue & 0x8 != 0 }
}

/// The side of a connection that we are.
public enum WebSocketRole: Sendable {
  /// Frames that arrive are masked, ours are not (RFC 6455 §5.1).
  case server
  /// Ours are masked, frames that arrive are not.
  case client
}
