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
    switch try read(arguments: arguments, environment: environment, readFile: readFile) {
    case .run(let values): return .run(try fill(settings, with: values))
    case .help(let text): return .help(text)
    case .version(let text): return .version(text)
    }
  }

  /// Finds out which values are in force, and makes nothing of them yet.
  func read(
    arguments: [String], environment: [String: String], readFile: (String) throws -> [UInt8]
  ) throws(ConfigurationError) -> Outcome<EffectiveValues> {
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
    return .run(EffectiveValues(byName: try inForce(sources), words: line.words))
  }

  private func inForce(
    _ sources: [[String: RawValues]]
  ) throws(ConfigurationError) -> [String: RawValues] {
    var result: [String: RawValues] = [:]
    for option in options where option.arity == .toggle {
      guard let raw = Self.winner(option, sources), let text = raw.values.first else { continue }
      if try Self.toggleValue(text, raw.source.text) == "true" {
        result[option.name] = RawValues(values: ["true"], source: raw.source)
      }
    }
    let toggles = Set(result.keys)
    for option in options where option.arity != .toggle {
      result[option.name] = Self.winner(option, sources) ?? defaults(of: option, toggles)
    }
    return result
  }

  /// Puts values into settings, option by option in the order of the table.
  func fill(
    _ settings: Settings, with values: EffectiveValues
  ) throws(ConfigurationError) -> Settings {
    var settings = settings
    for option in options {
      guard let raw = values.byName[option.name] else { continue }
      for value in raw.values { try set(option, value, raw.source, &settings) }
    }
    try apply(words: values.words, to: &settings)
    return settings
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
