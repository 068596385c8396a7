// The fields of a head, in order, with look-up that ignores the case of names.

/// The fields of a request or response (RFC 9110 §5).
public struct HTTPFields: Sendable, Equatable {
  /// One field line.
  public struct Field: Sendable, Equatable {
    /// A token. Parsed names are in lower case.
    public let name: String
    /// The value without white space around it.
    public let value: String
  }

  /// All fields in the order of their lines.
  public private(set) var all: [Field] = []

  public init() {}

  /// Fields of our own, see `append`.
  public init(_ pairs: [(name: String, value: String)]) {
    for pair in pairs { append(pair.name, pair.value) }
  }

  /// The number of field lines.
  public var count: Int { all.count }

  /// Adds a field of our own. `name` is a token and `value` has no control characters: a line end
  /// in it would be a second field, so that is a fault of ours and stops the process. Never pass on
  /// what a peer sent without looking at it.
  public mutating func append(_ name: String, _ value: String) {
    precondition(name.isToken, "a field name is a token")
    precondition(value.isFieldValue, "a field value has no control characters")
    all.append(Field(name: name, value: value))
  }

  /// Adds a field that a parser has checked.
  mutating func appendParsed(_ name: String, _ value: String) {
    all.append(Field(name: name, value: value))
  }

  /// The value of the first field called `name`, in any case.
  public subscript(_ name: String) -> String? {
    for field in all where field.name.equalsIgnoringCase(name) { return field.value }
    return nil
  }

  /// The values of all fields called `name`.
  public func values(_ name: String) -> [String] {
    all.filter { $0.name.equalsIgnoringCase(name) }.map(\.value)
  }

  /// The elements of a comma-separated list, over all fields called `name`, without empty ones
  /// (RFC 9110 §5.6.1). Not for lists with quoted strings in them.
  public func list(_ name: String) -> [String] {
    var elements: [String] = []
    for value in values(name) {
      for part in value.utf8.split(separator: ASCII.comma) {
        let isInner: (UInt8) -> Bool = { !$0.isBlank }
        guard let first = part.firstIndex(where: isInner), let last = part.lastIndex(where: isInner)
        else { continue }
        elements.append(String(decoding: part[first...last], as: UTF8.self))
      }
    }
    return elements
  }

  /// Whether the list `name` has the element `token`, in any case: `Connection: keep-alive,
  /// Upgrade` has `upgrade`.
  public func contains(_ name: String, token: String) -> Bool {
    list(name).contains { $0.equalsIgnoringCase(token) }
  }
}
