// Writes the text of `--help` from the table.

extension OptionTable {
  private static var secretAdvice: String {
    " Other users of this host can see flags: passwords and secrets are better in the file."
  }

  private static var columnsMax: Int { 80 }
  /// Where descriptions begin; an option too long for that has them in the next line.
  private static var descriptionColumn: Int { 28 }

  /// The whole text, at most 80 columns wide, with a newline at the end.
  public var help: String {
    let words = arguments.map { " " + $0.placeholder } ?? ""
    var lines = Self.wrap("\(program) \(summary).", indent: 0)
    lines += ["", "Usage: \(program) [OPTIONS]\(words)"]
    if let commands = arguments?.commands, !commands.isEmpty {
      lines += ["", "Commands:"] + commands.flatMap { describe("  \($0.usage)", $0.help) }
    }
    for group in groups where !group.options.isEmpty {
      lines += ["", "\(group.title):"] + group.options.flatMap(describe)
    }
    lines += sourcesText
    if !examples.isEmpty {
      lines += ["", "Examples:"]
      for example in examples {
        lines += Self.wrap(example.meaning, indent: 2)
        lines += Self.wrapCommand(example.command, indent: 4)
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private var sourcesText: [String] {
    guard let environmentPrefix else { return [] }
    let example = options.first { $0.arity == .list } ?? options.first
    guard let example, let variable = variable(of: example) else { return [] }
    guard readsFile else {
      return ["", "Where options come from:"]
        + Self.wrap(
          "A flag wins over a variable, a variable over the default. \(example.flag) is the "
            + "variable \(variable), and so on with the prefix \(environmentPrefix)_.", indent: 2)
    }
    let separated = options.filter { $0.arity == .list && $0.isInEnvironment }.map(\.flag)
    return ["", "Where options come from:"]
      + Self.wrap(
        "A flag wins over a variable, a variable over the file, the file over the default. "
          + "\(example.flag) is the variable \(variable) and the key \"\(example.name)\" of the "
          + "file, and so on with the prefix \(environmentPrefix)_. Options marked * may be "
          + "repeated: in a variable "
          + "(\(separated.map { $0.dropFirst(2) }.joined(separator: ", "))) "
          + "separate the values by commas or spaces, in the file write a list."
          + (options.contains(where: \.isSecret) ? Self.secretAdvice : ""), indent: 2)
  }

  private func describe(_ option: Option<Settings>) -> [String] {
    let mark = option.arity == .list ? " *" : ""
    let value = option.placeholder.isEmpty ? "" : " \(option.placeholder)"
    return describe("  \(option.flag)\(value)\(mark)", option.help + defaultText(option))
  }

  private func describe(_ head: String, _ help: String) -> [String] {
    let text = Self.wrap(help, indent: Self.descriptionColumn)
    guard let first = text.first, head.count < Self.descriptionColumn - 1 else {
      return [head] + text
    }
    let padding = String(repeating: " ", count: Self.descriptionColumn - head.count)
    return [head + padding + first.drop { $0 == " " }] + text.dropFirst()
  }

  private func defaultText(_ option: Option<Settings>) -> String {
    if option.isSecret { return "" }
    var parts: [String] = []
    if let note = option.defaultNote { parts.append(note) }
    if !option.defaults.isEmpty { parts.append(option.defaults.joined(separator: " ")) }
    for (toggle, values) in option.defaultsWith.sorted(by: { $0.key < $1.key })
    where self.option(named: toggle) != nil {
      parts.append("with --\(toggle) \(values.joined(separator: " "))")
    }
    return parts.isEmpty ? "" : " [default: \(parts.joined(separator: "; "))]"
  }

  /// Breaks between words; a word that is too long by itself stays whole.
  private static func wrap(_ text: String, indent: Int) -> [String] {
    let margin = String(repeating: " ", count: indent)
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty && indent + line.count + 1 + word.count > columnsMax {
        lines.append(margin + line)
        line = ""
      }
      line += line.isEmpty ? String(word) : " \(word)"
    }
    return line.isEmpty ? lines : lines + [margin + line]
  }

  /// As `wrap`, so that a shell takes the lines for one command.
  private static func wrapCommand(_ command: String, indent: Int) -> [String] {
    let margin = String(repeating: " ", count: indent)
    var lines: [String] = []
    var line = margin
    for word in pieces(of: command) {
      // Two columns are kept for the mark that the command goes on.
      if line.count > indent && line.count + 1 + word.count > columnsMax - 2 {
        lines.append(line + " \\")
        line = margin + " "
      }
      line += line.allSatisfy { $0 == " " } ? String(word) : " \(word)"
    }
    return lines + [line]
  }

  /// A flag and its value stay together.
  private static func pieces(of command: String) -> [String] {
    var pieces: [String] = []
    for word in command.split(separator: " ") {
      if let last = pieces.last, last.hasPrefix("--"), !last.contains(" "), !word.hasPrefix("--") {
        pieces[pieces.count - 1] = "\(last) \(word)"
      } else {
        pieces.append(String(word))
      }
    }
    return pieces
  }
}
