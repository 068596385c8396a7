// Makes settings of what the sources say: flags before variables before the file before defaults.

/// What a command line asks for.
public enum Outcome<Settings: Sendable>: Sendable {
  /// To run with these settings.
  case run(Settings)
  /// To show this text and end.
  case help(String)
  /// To show this line and end.
  case version(String)
}

extension OptionTable {
  /// Reads all sources.
  ///
  /// - Parameters:
  ///   - settings: what the options are put into.
  ///   - arguments: the command line without the name of the program.
  ///   - environment: all variables; those of the options are used.
  ///   - readFile: gives the bytes of the file that `--config` names.
  public func parse(
    into settings: Settings, arguments: [String], environment: [String: String],
    readFile: (String) throws -> [UInt8]
  ) throws(ConfigurationError) -> Outcome<Settings> {
    let flagged = arguments.prefix { $0 != "--" }
    if flagged.contains("--help") || flagged.contains("-h") { return .help(help) }
    if flagged.contains("--version") { return .version("\(program) \(Release.version)") }

    let line = try commandLine(arguments)
    var sources = [line.flags, try environmentValues(environment)]
    if let config = sources.lazy.compactMap({ $0[Self.configName] }).first,
      let path = config.values.first
    {
      sources.append(try fileValues(path: path, reader: readFile))
    }
    if let values = try foreignValues(sources, readFile) { sources.append(values) }
    var settings = settings
    try apply(sources, to: &settings)
    try apply(words: line.words, to: &settings)
    return .run(settings)
  }

  private func apply(
    _ sources: [[String: RawValues]], to settings: inout Settings
  ) throws(ConfigurationError) {
    var toggles: Set<String> = []
    for option in options where option.arity == .toggle {
      guard let raw = Self.winner(option, sources), let text = raw.values.first else { continue }
      if try Self.toggleValue(text, raw.source.text) == "true" { toggles.insert(option.name) }
    }
    for option in options {
      if option.arity == .toggle {
        if toggles.contains(option.name) { try set(option, "true", .flag(option.flag), &settings) }
        continue
      }
      let raw = Self.winner(option, sources) ?? defaults(of: option, toggles)
      for value in raw.values { try set(option, value, raw.source, &settings) }
    }
  }

  /// The first source that has the option decides alone: lists are not mixed.
  private static func winner(
    _ option: Option<Settings>, _ sources: [[String: RawValues]]
  ) -> RawValues? {
    sources.lazy.compactMap { $0[option.name] }.first
  }

  private func defaults(of option: Option<Settings>, _ toggles: Set<String>) -> RawValues {
    let special = option.defaultsWith.filter { toggles.contains($0.key) }.values.first
    return RawValues(values: special ?? option.defaults, source: .defaults(option.flag))
  }

  func set(
    _ option: Option<Settings>, _ value: String, _ source: ValueSource, _ settings: inout Settings
  ) throws(ConfigurationError) {
    do {
      try option.set(&settings, value)
    } catch {
      let shown = option.isSecret ? "the value (not shown)" : Quoted.text(value)
      throw ConfigurationError("\(source.text): \(shown) \(Self.predicate(error))")
    }
  }

  private func apply(words: [String], to settings: inout Settings) throws(ConfigurationError) {
    guard let arguments else { return }
    do {
      try arguments.set(&settings, words)
    } catch {
      let shown = words.isEmpty ? "nothing" : Quoted.text(words.joined(separator: " "))
      throw ConfigurationError("\(shown) \(Self.predicate(error))")
    }
  }

  private static func predicate(_ error: any Error) -> String {
    (error as? MalformedValue)?.predicate ?? "is refused"
  }
}
