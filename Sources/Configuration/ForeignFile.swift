// A configuration file of another program, which says under other names what options say.

internal import Logging

/// Which option names such a file, and who reads it.
struct ForeignFile<Settings: Sendable>: Sendable {
  let option: String
  /// Makes values of options of it.
  ///
  /// - Parameters: the text, its path as messages show it, and the table that takes the values.
  let read:
    @Sendable (String, String, OptionTable<Settings>) throws(ConfigurationError) ->
      [String: RawValues]
}

extension ForeignFile<ServerConfiguration> {
  /// coturn's file. What it asks for and does not get is told to the log, line by line.
  static let turnserver = ForeignFile(option: "turnserver-conf") {
    text, path, table throws(ConfigurationError) in
    let translation = try TurnserverTranslation(text, path: path, for: table)
    for note in translation.notes {
      Log.warning(
        "a key of the turnserver.conf is not served",
        [
          "line": .public(note.line), "key": .public(Quoted.text(note.key)),
          "reason": .public(note.reason),
        ])
    }
    return translation.values
  }
}

extension OptionTable {
  /// What the foreign file says, where one is named.
  func foreignValues(
    _ sources: [[String: RawValues]], _ readFile: (String) throws -> [UInt8]
  ) throws(ConfigurationError) -> [String: RawValues]? {
    guard let foreign,
      let path = sources.lazy.compactMap({ $0[foreign.option] }).first?.values.first
    else { return nil }
    let shownPath = Quoted.text(path)
    let bytes = try JSON5File.bytes(of: path, named: "--\(foreign.option)", readFile)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ConfigurationError("--\(foreign.option): \(shownPath) is not UTF-8")
    }
    return try foreign.read(text, shownPath, self)
  }
}
