// Reads one JSON object at a time: validated as a whole, its values found as ranges of the input.

internal import CSimdjson

/// A parser for texts that are JSON objects (RFC 8259), reused from text to text.
///
/// It belongs to one thread. What `parse` found can be asked for until the next `parse`. Names are
/// compared after unescaping. The C objects behind it never throw and keep their own padded copy of
/// the text, so that the input may go away.
@safe public struct JSONObjectParser: ~Copyable {
  /// Members of the outermost object at most.
  public static let membersMax = Int(PARLEY_JSON_MEMBERS_MAX)

  /// Elements of an array of strings at most.
  public static let textsMax = 64

  private let handle: OpaquePointer?

  /// - Parameters:
  ///   - sizeMax: bytes of a text at most.
  ///   - depthMax: levels of arrays and objects at most, the outermost object being the first.
  public init(sizeMax: Int, depthMax: Int = 64) {
    precondition(sizeMax > 0 && depthMax > 0)
    unsafe handle = parley_json_create(sizeMax, depthMax)
  }

  deinit {
    unsafe parley_json_destroy(handle)
  }

  /// Validates the whole of `text`, values that nobody asks for included.
  public mutating func parse(_ text: Span<UInt8>) throws(JSONError) {
    guard let handle = unsafe handle else { throw .noMemory }
    let status = unsafe text.withUnsafeBufferPointer { bytes in
      unsafe parley_json_parse(handle, bytes.baseAddress, bytes.count)
    }
    switch status {
    case PARLEY_JSON_OK: return
    case PARLEY_JSON_TOO_LARGE: throw .tooLarge
    case PARLEY_JSON_TOO_DEEP: throw .tooDeep
    case PARLEY_JSON_NOT_UTF8: throw .notUTF8
    case PARLEY_JSON_NOT_AN_OBJECT: throw .notAnObject
    case PARLEY_JSON_DUPLICATE_MEMBER: throw .duplicateMember
    case PARLEY_JSON_TOO_MANY_MEMBERS: throw .tooManyMembers
    case PARLEY_JSON_NO_MEMORY: throw .noMemory
    default: throw .malformed
    }
  }

  /// The kind of a member; nil when there is none. With `outer`: of a member of that member, which
  /// is an object with this name in it exactly once.
  public func kind(of key: StaticString, in outer: StaticString? = nil) -> JSONKind? {
    guard let value = unsafe find(key, outer) else { return nil }
    switch unsafe value.kind {
    case PARLEY_JSON_NULL: return .null
    case PARLEY_JSON_BOOLEAN: return .boolean
    case PARLEY_JSON_INTEGER: return .integer
    case PARLEY_JSON_NUMBER: return .number
    case PARLEY_JSON_STRING: return .string
    case PARLEY_JSON_ARRAY: return .array
    default: return .object
    }
  }

  /// The value of a member that is an integer; nil otherwise. `outer` as for `kind`.
  public func integer(_ key: StaticString, in outer: StaticString? = nil) -> Int64? {
    guard let value = unsafe find(key, outer), unsafe value.kind == PARLEY_JSON_INTEGER else {
      return nil
    }
    return unsafe value.integer
  }

  /// The value of a member that is `true` or `false`; nil otherwise. `outer` as for `kind`.
  public func boolean(_ key: StaticString, in outer: StaticString? = nil) -> Bool? {
    guard let value = unsafe find(key, outer), unsafe value.kind == PARLEY_JSON_BOOLEAN else {
      return nil
    }
    return unsafe value.boolean != 0
  }

  /// The unescaped text of a member that is a string; nil otherwise. `outer` as for `kind`.
  public func string(_ key: StaticString, in outer: StaticString? = nil) -> String? {
    guard let value = unsafe find(key, outer), unsafe value.kind == PARLEY_JSON_STRING else {
      return nil
    }
    let bytes = unsafe UnsafeBufferPointer(start: value.text, count: value.text_length)
    return unsafe String(decoding: bytes, as: UTF8.self)
  }

  /// Lends the UTF-8 of the text that `string` would give, without making it.
  public func withText<R>(
    _ key: StaticString, _ body: (Span<UInt8>) -> R
  ) -> R? {
    guard let value = unsafe find(key, nil), unsafe value.kind == PARLEY_JSON_STRING else {
      return nil
    }
    let bytes = unsafe UnsafeBufferPointer(start: value.text, count: value.text_length)
    return unsafe body(bytes.span)
  }

  /// The bytes of UTF-8 that `string` would have, without making it. `outer` as for `kind`.
  public func stringByteCount(_ key: StaticString, in outer: StaticString? = nil) -> Int? {
    guard let value = unsafe find(key, outer), unsafe value.kind == PARLEY_JSON_STRING else {
      return nil
    }
    return unsafe value.text_length
  }

  /// The unescaped texts of a member that is an array of strings, of `textsMax` at most; nil
  /// otherwise.
  public func strings(_ key: StaticString) -> [String]? {
    guard let handle = unsafe handle else { return nil }
    let count = unsafe parley_json_count(handle, key.utf8Start, key.utf8CodeUnitCount)
    guard (0...Int64(Self.textsMax)).contains(count) else { return nil }
    var texts: [String] = []
    for index in 0..<Int(count) {
      var value = unsafe parley_json_value()
      let found = unsafe parley_json_element(
        handle, key.utf8Start, key.utf8CodeUnitCount, index, &value)
      guard found == 1, unsafe value.kind == PARLEY_JSON_STRING else { return nil }
      let bytes = unsafe UnsafeBufferPointer(start: value.text, count: value.text_length)
      texts.append(unsafe String(decoding: bytes, as: UTF8.self))
    }
    return texts
  }

  /// Where the bytes of a member's value are in the parsed text, quotes and brackets included.
  public func range(of key: StaticString) -> Range<Int>? {
    guard let value = unsafe find(key, nil) else { return nil }
    return unsafe value.start..<value.end
  }

  /// A copy of the bytes that `range` tells of.
  public func raw(_ key: StaticString) -> [UInt8]? {
    guard let handle = unsafe handle, let value = unsafe find(key, nil) else { return nil }
    let bytes = unsafe UnsafeBufferPointer(
      start: parley_json_bytes(handle) + value.start, count: value.end - value.start)
    return unsafe Array(bytes)
  }

  private func find(_ key: StaticString, _ outer: StaticString?) -> parley_json_value? {
    guard let handle = unsafe handle else { return nil }
    var value = unsafe parley_json_value()
    let found: Int32
    if let outer {
      found = unsafe parley_json_find_nested(
        handle, outer.utf8Start, outer.utf8CodeUnitCount, key.utf8Start, key.utf8CodeUnitCount,
        &value)
    } else {
      found = unsafe parley_json_find(handle, key.utf8Start, key.utf8CodeUnitCount, &value)
    }
    return unsafe found == 1 ? value : nil
  }
}

extension Span<UInt8> {
  /// Whether the bytes are those of `word`.
  public func spells(_ word: StaticString) -> Bool {
    guard count == word.utf8CodeUnitCount else { return false }
    return word.withUTF8Buffer { expected in
      for index in indices where unsafe self[index] != expected[index] { return false }
      return true
    }
  }
}
