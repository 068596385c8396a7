// An object inside of a JSON5 file: its members are read one by one, and messages say where.

/// The members of an object, and where it is in which file.
struct FileObject {
  /// `"/etc/parley/tenants.json5": tenants.shop`
  let place: String
  private let members: [String: FileValue]

  init(_ members: [String: FileValue], at place: String) {
    self.members = members
    self.place = place
  }

  /// The names of the members, in order.
  var names: [String] { members.keys.sorted() }

  func has(_ name: String) -> Bool { members[name] != nil }

  /// Refuses members that nobody will ask for.
  func allow(only known: [String]) throws(ConfigurationError) {
    for name in names where !known.contains(name) {
      let near = Suggestion.nearest(to: name, among: known).map { "; did you mean \($0)?" }
      let all = "; known are \(known.joined(separator: ", "))"
      let colon = place.hasSuffix(": ") ? "" : ": "
      throw ConfigurationError(
        "\(place)\(colon)\(Quoted.text(name)) means nothing here\(near ?? all)")
    }
  }

  /// `tenants.shop.keys[1]`, as messages have it.
  func place(of name: String, _ index: Int? = nil) -> String {
    let isWord = name.utf8.allSatisfy { byte in
      UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
        || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || "_-".utf8.contains(byte)
    }
    let end = index.map { "[\($0)]" } ?? ""
    let separator = place.hasSuffix(": ") ? "" : "."
    return "\(place)\(separator)\(isWord ? name : Quoted.text(name))\(end)"
  }

  func fault(_ name: String, _ message: String) -> ConfigurationError {
    ConfigurationError("\(place(of: name)) \(message)")
  }

  /// A member that is a text or a number, through one of the readers of options.
  ///
  /// The text is not in the message: it may be a secret.
  func value<Value>(
    _ name: String, _ read: (String) throws(MalformedValue) -> Value
  ) throws(ConfigurationError) -> Value? {
    guard let member = members[name] else { return nil }
    guard case .text(let text) = member else { throw fault(name, "is not a text or a number") }
    return try Self.read(text, read, at: place(of: name))
  }

  /// A member that is a list of texts.
  func values<Value>(
    _ name: String, max: Int, _ read: (String) throws(MalformedValue) -> Value
  ) throws(ConfigurationError) -> [Value]? {
    guard let list = try list(name, max: max) else { return nil }
    var result: [Value] = []
    for (index, value) in list.enumerated() {
      let place = place(of: name, index)
      guard case .text(let text) = value else { throw ConfigurationError("\(place) is no text") }
      result.append(try Self.read(text, read, at: place))
    }
    return result
  }

  /// A member that is an object.
  func object(_ name: String) throws(ConfigurationError) -> FileObject? {
    guard let member = members[name] else { return nil }
    guard case .object(let inner) = member else { throw fault(name, "is no object") }
    return FileObject(inner, at: place(of: name))
  }

  /// A member that is a list of objects.
  func objects(_ name: String, max: Int) throws(ConfigurationError) -> [FileObject]? {
    guard let list = try list(name, max: max) else { return nil }
    var result: [FileObject] = []
    for (index, value) in list.enumerated() {
      let place = place(of: name, index)
      guard case .object(let inner) = value else {
        throw ConfigurationError("\(place) is no object")
      }
      result.append(FileObject(inner, at: place))
    }
    return result
  }

  /// A member as it is, when it is a text.
  func text(_ name: String) -> String? {
    guard case .text(let text)? = members[name] else { return nil }
    return text
  }

  private func list(_ name: String, max: Int) throws(ConfigurationError) -> [FileValue]? {
    guard let member = members[name] else { return nil }
    guard case .list(let list) = member else { throw fault(name, "is no list, […]") }
    guard list.count <= max else {
      throw fault(name, "has \(list.count) elements; at most \(max) are taken")
    }
    return list
  }

  private static func read<Value>(
    _ text: String, _ read: (String) throws(MalformedValue) -> Value, at place: String
  ) throws(ConfigurationError) -> Value {
    do throws(MalformedValue) {
      return try read(text)
    } catch {
      throw ConfigurationError("\(place) \(error.predicate)")
    }
  }
}
