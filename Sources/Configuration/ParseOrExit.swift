// Starts a program with its settings, or ends it with one line that says why not.

import Foundation

/// The version of all programs of the package.
public enum Release {
  /// As semantic versioning has it.
  public static let version = "0.1.0"
}

/// How a program ends when its command line asks for nothing else, or for what can not be.
public enum ExitStatus {
  /// Help or the version was shown.
  public static let success: Int32 = 0
  /// EX_USAGE of sysexits.h: what was given is wrong.
  public static let usage: Int32 = 64
  /// EX_UNAVAILABLE: the system refused what was asked for, an address for example.
  public static let unavailable: Int32 = 69
}

/// The machine as it is: the sources of the real programs.
enum Machine {
  static var arguments: [String] { Array(CommandLine.arguments.dropFirst()) }

  static var environment: [String: String] { ProcessInfo.processInfo.environment }

  static func readFile(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: path)))
  }

  /// Shows what help, version or an error has to say and ends; returns only with settings.
  static func settings<Settings>(
    program: String, _ outcome: () throws(ConfigurationError) -> Outcome<Settings>
  ) -> Settings {
    do throws(ConfigurationError) {
      switch try outcome() {
      case .run(let settings): return settings
      case .help(let text): end(text, FileHandle.standardOutput, ExitStatus.success)
      case .version(let text): end(text + "\n", FileHandle.standardOutput, ExitStatus.success)
      }
    } catch {
      end("\(program): \(error.message)\n", FileHandle.standardError, ExitStatus.usage)
    }
  }

  static func end(_ text: String, _ output: FileHandle, _ status: Int32) -> Never {
    try? output.write(contentsOf: Data(text.utf8))
    exit(status)
  }
}

extension ServerConfiguration {
  /// Ends the process with one line: the settings were fine, but the system did not let it start.
  public static func failToStart(program: Program, _ reason: String) -> Never {
    Machine.end(
      "\(program.rawValue): \(reason)\n", FileHandle.standardError, ExitStatus.unavailable)
  }
}

extension OptionTable {
  /// The settings of this process. Shows help or the version and ends with 0 when asked to; shows
  /// what is wrong in one line and ends with 64 when something is.
  public func parseOrExit(into settings: Settings) -> Settings {
    Machine.settings(program: program) { () throws(ConfigurationError) in
      try parse(
        into: settings, arguments: Machine.arguments, environment: Machine.environment,
        readFile: Machine.readFile)
    }
  }
}
