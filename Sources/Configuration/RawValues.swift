// Collects what the command line and the environment say, before anything is made of it.

/// Where a value was written.
enum ValueSource: Equatable {
  case flag(String)
  case variable(String)
  case file(path: String, key: String)
  /// A line of coturn's turnserver.conf.
  case turnserver(path: String, line: Int, key: String)
  case defaults(String)

  var text: String {
    switch self {
    case .flag(let flag): flag
    case .variable(let name): name
    case .file(let path, let key): "\(path): \"\(key)\""
    case .turnserver(let path, let line, let key): "\(path), line \(line): \(key)"
    case .defaults(let flag): "default of \(flag)"
    }
  }
}

/// All values one source has for one option.
struct RawValues: Equatable {
  var values: [String]
  let source: ValueSource
}

/// The values in force, by the name of the option: each from one source, or the default. Toggles
/// that are off have none.
struct EffectiveValues: Equatable {
  var byName: [String: RawValues]
  /// The words of the command line that are no options.
  let words: [String]
}

extension OptionTable {
  /// What the command line holds.
  struct CommandLineContent {
    var flags: [String: RawValues] = [:]
    var words: [String] = []
  }

  /// Reads `--name value`, `--name=value` and `--name`; behind `--` everything is a plain word.
  func commandLine(_ arguments: [String]) throws(ConfigurationError) -> CommandLineContent {
    var content = CommandLineContent()
    var rest = arguments[...]
    var followsSecret = false
    while let argument = rest.popFirst() {
      if argument == "--" {
        for word in rest { try takeWord(word, hidden: followsSecret, into: &content) }
        break
      }
      guard argument.hasPrefix("-"), argument.count > 1 else {
        try takeWord(argument, hidden: followsSecret, into: &content)
        continue
      }
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let option = try flagged(String(parts[0]))
      var value = parts.count > 1 ? String(parts[1]) : nil
      if value == nil && option.arity != .toggle {
        // A flag in the place of a value is a value forgotten.
        if let next = rest.first, !next.hasPrefix("--") { value = rest.popFirst() }
        guard value != nil else { throw missingValue(option) }
      }
      followsSecret = option.isSecret
      if option.arity != .list && content.flags[option.name] != nil {
        throw ConfigurationError("\(option.flag) is given twice; once is enough")
      }
      content.flags[option.name, default: RawValues(values: [], source: .flag(option.flag))]
        .values.append(value ?? "true")
    }
    return content
  }

  private func takeWord(
    _ word: String, hidden: Bool, into content: inout CommandLineContent
  ) throws(ConfigurationError) {
    guard arguments != nil else {
      // A password with a space in it, unquoted, falls apart into words.
      let shown = hidden ? "a word behind a secret (not shown)" : Quoted.text(word)
      throw ConfigurationError("\(shown) is no option: each begins with --, --help lists them")
    }
    content.words.append(word)
  }

  private func flagged(_ text: String) throws(ConfigurationError) -> Option<Settings> {
    let name = text.drop { $0 == "-" }
    if text.hasPrefix("--"), let option = option(named: name) { return option }
    throw unknown(text, name: String(name)) { "--\($0)" }
  }

  private func missingValue(_ option: Option<Settings>) -> ConfigurationError {
    ConfigurationError(
      "\(option.flag) needs a value: \(option.flag) \(option.placeholder)"
        + " (\(option.flag)=… when it begins with --)")
  }

  /// The message for an option nobody knows, with the nearest that exists.
  func unknown(
    _ written: String, name: String, spelled: (String) -> String
  ) -> ConfigurationError {
    if let owners = elsewhere[name] {
      return ConfigurationError("\(written) is an option of \(owners), not of \(program)")
    }
    let shown = written.hasPrefix("-") ? Quoted.text(written).dropQuotes : written
    if let near = Suggestion.nearest(to: name, among: options.map(\.name)) {
      return ConfigurationError("\(shown) is no option; did you mean \(spelled(near))?")
    }
    return ConfigurationError("\(shown) is no option; \(program) --help lists them")
  }

  /// Reads the variables of the options. Others are not looked at, whatever their prefix: clusters
  /// set `PARLEY_SERVICE_HOST` and the like for their own purposes. An empty one counts as not set.
  func environmentValues(
    _ environment: [String: String]
  ) throws(ConfigurationError) -> [String: RawValues] {
    var result: [String: RawValues] = [:]
    for option in options {
      guard let variable = variable(of: option), let text = environment[variable], !text.isEmpty
      else { continue }
      let values =
        switch option.arity {
        case .toggle: [try Self.toggleValue(text, variable)]
        case .single: [text]
        case .list: text.split { $0 == "," || $0.isWhitespace }.map(String.init)
        }
      result[option.name] = RawValues(values: values, source: .variable(variable))
    }
    return result
  }

  /// `true` or `false`, from what people write.
  static func toggleValue(_ text: String, _ source: String) throws(ConfigurationError) -> String {
    switch text.lowercased() {
    case "1", "true", "yes", "on": return "true"
    case "0", "false", "no", "off": return "false"
    default:
      throw ConfigurationError("\(source): \(Quoted.text(text)) is not true or false")
    }
  }
}

extension String {
  fileprivate var dropQuotes: String { String(dropFirst().dropLast()) }
}
