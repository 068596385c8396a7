// Why a text was not taken.

/// Why a text is not a usable JSON object.
public enum JSONError: Error, Equatable, Sendable {
  /// Longer than the parser's `sizeMax`.
  case tooLarge
  /// Nested deeper than the parser's `depthMax`.
  case tooDeep
  /// Not UTF-8.
  case notUTF8
  /// Not JSON (RFC 8259), or with a number that fits neither 64-bit integers nor doubles.
  case malformed
  /// JSON, but not an object.
  case notAnObject
  /// A name appears twice in the outermost object (RFC 8259 §4 leaves the meaning open).
  case duplicateMember
  /// More than `JSONObjectParser.membersMax` members in the outermost object.
  case tooManyMembers
  /// Memory was short.
  case noMemory
}
