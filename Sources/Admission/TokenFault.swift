// Why a join token is not believed.

/// Why a join token opens nothing. The text is for the developer who made the token.
///
/// Before the signature is known to be good, the text follows from the token alone: it tells
/// nobody which keys there are, or how near to one he is.
struct TokenFault: Error, Equatable {
  /// What clients are told.
  enum Kind: Equatable {
    case bad
    /// Good, but for its time.
    case expired
  }

  let kind: Kind
  let text: String
  /// Whether a signature by a public key was computed for it.
  var wasExpensive = false

  static func bad(_ text: String) -> TokenFault { TokenFault(kind: .bad, text: text) }
}
