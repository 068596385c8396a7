// An error as clients are told it.

/// An error as a client is told it.
public struct ErrorMessage: Hashable, Sendable {
  /// Which error.
  public var code: ErrorCode
  /// A sentence for people.
  public var text: String
  /// Milliseconds after which another try makes sense.
  public var retryAfterMs: Int64?
  /// The number of the message it answers.
  public var answers: Int64?

  /// An error that answers the message numbered `answers`, if there is one.
  public init(
    _ code: ErrorCode, _ text: String, answers: Int64? = nil, retryAfterMs: Int64? = nil
  ) {
    self.code = code
    self.text = text
    self.answers = answers
    self.retryAfterMs = retryAfterMs
  }
}
