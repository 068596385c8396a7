// Reads the lines of a turnserver.conf as coturn does.

/// One line with a key.
struct TurnserverEntry: Equatable {
  let key: String
  /// Without quotes; empty for a key that stands alone.
  let value: String
  /// Counted from 1.
  let line: Int

  /// coturn's `get_bool_value`: nothing is true, and the first character decides.
  var isOn: Bool? {
    switch value.first {
    case nil, "y", "Y", "t", "T", "1", "2", "3", "4", "5", "6", "7", "8", "9": true
    case "0", "n", "N", "f", "F": false
    default: ["on": true, "off": false][value.lowercased()]
    }
  }
}

enum TurnserverFile {
  /// `key=value` or `key value`, a value perhaps in double quotes; `#` begins a line that says
  /// nothing.
  static func entries(_ text: String) -> [TurnserverEntry] {
    let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
    return lines.enumerated().compactMap { index, line in
      let line = line.drop(while: \.isWhitespace)
      guard let first = line.first, first != "#" else { return nil }
      let key = line.prefix { !isBetween($0) }
      var value = line.dropFirst(key.count).drop(while: isBetween)
      while value.last?.isWhitespace == true { value.removeLast() }
      if value.first == "\"" {
        value.removeFirst()
        if value.last == "\"" { value.removeLast() }
      }
      return TurnserverEntry(key: String(key), value: String(value), line: index + 1)
    }
  }

  private static func isBetween(_ character: Character) -> Bool {
    character == "=" || character == " " || character == "\t"
  }
}
