// What a driver has to do for the core.

/// One recipient of a message to several, and the number it has for this one.
public struct Recipient: Hashable, Sendable {
  /// Whom it goes to.
  public let connection: ConnectionID
  /// Its `seq` there.
  public let number: Int64
}

/// What the driver carries out, in order, before the next input.
public enum SignalingEffect: Hashable, Sendable {
  /// Send a message to one.
  case send(ConnectionID, number: Int64, ServerMessage)
  /// Send the same message to several; its body needs to be encoded but once.
  case broadcast([Recipient], ServerMessage)
  /// Send what waits, then end the connection. The core knows it no more.
  case close(ConnectionID, CloseCode)
}
