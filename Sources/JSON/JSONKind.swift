// The kinds of JSON values.

/// What a JSON value is.
public enum JSONKind: Equatable, Sendable {
  /// `null`.
  case null
  /// `true` or `false`.
  case boolean
  /// A number without a fraction in the range of `Int64`; `1.0` and `1e3` are integers too.
  case integer
  /// Any other number.
  case number
  /// A string.
  case string
  /// An array.
  case array
  /// An object.
  case object
}
