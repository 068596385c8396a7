// What happened to a client under test, in the order in which it happened.

/// What a client saw and did.
public enum ClientEvent: Hashable, Sendable {
  /// It is in its room as somebody new.
  case entered(peer: String)
  /// Its session goes on.
  case resumed(Resumption)
  /// Its session is over, and it knows.
  case ended(peer: String)
  /// It sent a signal for the first time; `to` is nil for everybody.
  case sent(Signal, number: Int64)
  /// The server has everything up to this number.
  case acknowledged(Int64)
  /// A signal was refused.
  case refused(number: Int64, code: String)
  /// A signal arrived.
  case heard(from: String, payload: Int)
  /// The room was told that somebody came or went for good.
  case changed(peer: String, state: String)
  /// It saw what no client should see.
  case complained(String)

  /// Why a session goes on without all that was sent to it.
  public enum Gap: String, Hashable, Sendable {
    /// More was missed than the server keeps.
    case overflow
    /// The server was started anew.
    case restart
  }

  /// How a session goes on.
  public struct Resumption: Hashable, Sendable {
    /// Whether something is missing.
    public var gap: Gap?
    /// Numbers that never arrived, as far as the client can tell.
    public var missed: Int64 = 0
    /// Numbers beyond what the client said it has, which may be more than it misses.
    public var asked: Int64 = 0
    /// How long nothing was received before, in milliseconds.
    public var silentMs: Int64 = 0
    /// After a restart: what was sent beyond the first number, up to the second, and may be lost.
    public var uncertain: Range<Int64>?

    /// Nothing is missing, unless said otherwise.
    public init(
      gap: Gap? = nil, missed: Int64 = 0, asked: Int64 = 0, silentMs: Int64 = 0,
      uncertain: Range<Int64>? = nil
    ) {
      self.gap = gap
      self.missed = missed
      self.asked = asked
      self.silentMs = silentMs
      self.uncertain = uncertain
    }
  }
}
