// The settings of a running server, which can be read again from where they came from.

internal import Logging

/// What a server was started with, and what has changed since then.
///
/// Reading again looks at the same command line, variables and file. What cannot change while the
/// server runs stays as it was; a mistake anywhere leaves everything as it was.
public struct RunningConfiguration: Sendable {
  /// What reading again came to.
  struct Change: Equatable {
    /// Names of options whose new values are now in `settings`.
    var taken: [String] = []
    /// Names of options whose new values wait for a restart.
    var waiting: [String] = []
  }

  /// Where the settings come from.
  struct Sources: Sendable {
    let program: Program
    let arguments: [String]
    let environment: [String: String]
    let readFile: @Sendable (String) throws -> [UInt8]

    func read() throws(ConfigurationError) -> Outcome<EffectiveValues> {
      try ServerConfiguration.table(for: program).read(
        arguments: arguments, environment: environment, readFile: readFile)
    }
  }

  private let sources: Sources
  private var values: EffectiveValues
  /// Valid, and what the server is to do now.
  public private(set) var settings: ServerConfiguration

  init(_ sources: Sources, _ values: EffectiveValues) throws(ConfigurationError) {
    self.sources = sources
    self.values = values
    settings = try ServerConfiguration.made(
      for: sources.program, of: values, sources.readFile)
  }

  /// The settings of this process. Shows help or the version and ends with 0 when asked to; shows
  /// what is wrong in one line and ends with 64 when something is.
  public static func parseOrExit(program: Program) -> RunningConfiguration {
    let sources = Sources(
      program: program, arguments: Machine.arguments, environment: Machine.environment,
      readFile: Machine.readFile)
    let running = Machine.settings(program: program.rawValue) {
      () throws(ConfigurationError) -> Outcome<RunningConfiguration> in
      switch try sources.read() {
      case .run(let values): return .run(try RunningConfiguration(sources, values))
      case .help(let text): return .help(text)
      case .version(let text): return .version(text)
      }
    }
    running.configureLog()
    return running
  }

  /// What the log shows follows from the settings too.
  private func configureLog() {
    Log.configure(level: settings.logLevel, showPrivate: settings.logsPrivateValues)
  }

  /// Reads everything again and tells the log what came of it; `false` when nothing did.
  public mutating func reload() -> Bool {
    do throws(ConfigurationError) {
      let change = try readAgain()
      configureLog()
      if !change.waiting.isEmpty {
        Log.warning(
          "options keep their values until a restart",
          ["options": .public(change.waiting.joined(separator: ","))])
      }
      Log.info("configuration read", ["changed": .public(change.taken.joined(separator: ","))])
      return true
    } catch {
      Log.error("configuration not taken, the old one stays", ["reason": .public(error)])
      return false
    }
  }

  mutating func readAgain() throws(ConfigurationError) -> Change {
    guard case .run(var fresh) = try sources.read() else { return Change() }
    var change = Change()
    for option in ServerConfiguration.table(for: sources.program).options
    where fresh.byName[option.name]?.values != values.byName[option.name]?.values {
      if option.isReloadable {
        change.taken.append(option.name)
      } else {
        change.waiting.append(option.name)
        fresh.byName[option.name] = values.byName[option.name]
      }
    }
    let made = try ServerConfiguration.made(for: sources.program, of: fresh, sources.readFile)
    // The file of tenants changes under the same name.
    if made.tenantsInFile?.fingerprint != settings.tenantsInFile?.fingerprint,
      !change.taken.contains(ServerConfiguration.tenantsName)
    {
      change.taken.append(ServerConfiguration.tenantsName)
    }
    settings = made
    values = fresh
    return change
  }
}
