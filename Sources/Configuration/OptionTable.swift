// The table of a program's options: the one source for flags, variables, file keys and help.

/// A word that says what a program is to do.
public struct CommandWord: Sendable {
  let word: String
  let placeholders: [String]
  let choices: [String]
  let help: String

  /// - Parameters:
  ///   - placeholders: stand in help for the words that follow: `["ROOM", "PEER"]`.
  ///   - choices: all that the next word can be, where it is one of a few.
  ///   - help: what it does, a few words or a sentence.
  public init(
    _ word: String, _ placeholders: [String] = [], choices: [String] = [], help: String
  ) {
    self.word = word
    self.placeholders = placeholders
    self.choices = choices
    self.help = help
  }

  /// The word and what has to follow, as in help.
  public var usage: String { ([word] + placeholders).joined(separator: " ") }
}

/// Everything a program can be told from outside.
///
/// ```swift
/// let table = OptionTable<Settings>(
///   program: "parleyctl", summary: "shows what a running server does",
///   groups: [
///     OptionGroup("Connection", [
///       .value("admin", "HOST:PORT|unix:PATH", default: "127.0.0.1:9090", help: "…") {
///         $0.admin = try OptionValues.admin($1)
///       }
///     ])
///   ],
///   arguments: .init("COMMAND") { settings, words in … })
/// let settings = table.parseOrExit()
/// ```
public struct OptionTable<Settings: Sendable>: Sendable {
  /// The words of a command line that are no options.
  public struct Arguments: Sendable {
    /// Takes all of them, in order, also when there are none; throws ``MalformedValue``.
    public typealias Setter = @Sendable (inout Settings, [String]) throws -> Void
    let placeholder: String
    let commands: [CommandWord]
    let set: Setter

    /// - Parameters:
    ///   - placeholder: stands for them in help: `COMMAND [NAME]`.
    ///   - commands: what the first of them can be, for help and for completion.
    public init(
      _ placeholder: String, commands: [CommandWord] = [], set: @escaping Setter
    ) {
      self.placeholder = placeholder
      self.commands = commands
      self.set = set
    }
  }

  let program: String
  let summary: String
  /// `PARLEY` for variables like `PARLEY_LISTEN`; without it neither variables nor a file are read.
  let environmentPrefix: String?
  /// Whether `--config` names a file that holds options too.
  let readsFile: Bool
  let groups: [OptionGroup<Settings>]
  let arguments: Arguments?
  /// Command lines with a word on what they do.
  let examples: [(command: String, meaning: String)]
  /// Options that other programs have, with the names of these, for a better message.
  let elsewhere: [String: String]
  /// A file of another program's that is read too.
  var foreign: ForeignFile<Settings>?

  /// - Parameters:
  ///   - summary: goes on after the name of the program, without a full stop.
  ///   - environmentPrefix: makes the program read variables and, by `--config`, a file.
  ///   - readsFile: `false` for a program with variables and without a file.
  ///   - arguments: what words that are no options mean; without it they are refused.
  ///   - examples: command lines and what they do, shown at the end of help.
  ///   - elsewhere: names of options this program lacks, and the programs that have them.
  public init(
    program: String, summary: String, environmentPrefix: String? = nil,
    readsFile: Bool = true, groups: [OptionGroup<Settings>], arguments: Arguments? = nil,
    examples: [(command: String, meaning: String)] = [], elsewhere: [String: String] = [:]
  ) {
    self.program = program
    self.summary = summary
    self.environmentPrefix = environmentPrefix
    self.readsFile = readsFile && environmentPrefix != nil
    self.groups = groups + [Self.builtIn(readsFile: self.readsFile)]
    self.arguments = arguments
    self.examples = examples
    self.elsewhere = elsewhere
  }

  var options: [Option<Settings>] { groups.flatMap(\.options) }

  func option(named name: some StringProtocol) -> Option<Settings>? {
    options.first { $0.name == name }
  }

  /// `relay-ip` is `PARLEY_RELAY_IP`.
  func variable(of option: Option<Settings>) -> String? {
    guard let environmentPrefix, option.isInEnvironment else { return nil }
    return environmentPrefix + "_" + option.name.uppercased().map { $0 == "-" ? "_" : $0 }
  }

  static var configName: String { "config" }

  /// The options every program has. The parser itself does what they say.
  private static func builtIn(readsFile: Bool) -> OptionGroup<Settings> {
    var config = Option<Settings>.value(
      configName, "FILE", help: "Read options from this JSON5 file."
    ) { _, _ in }
    config.isInFile = false
    let others = [("help", "Show this text."), ("version", "Show the version.")].map { name, help in
      var option = Option<Settings>.toggle(name, help: help) { _ in }
      option.isInFile = false
      option.isInEnvironment = false
      return option
    }
    return OptionGroup("General", (readsFile ? [config] : []) + others)
  }
}
