// What is wrong with a configuration, in one line for the person who wrote it.

/// Why a program can not start with what it was given.
public struct ConfigurationError: Error, Equatable, CustomStringConvertible {
  /// One line: the flag, variable or key, the value, and what would be right. Never a secret.
  public let message: String

  /// - Parameter message: one line, without the name of the program.
  public init(_ message: String) {
    self.message = message
  }

  /// The message.
  public var description: String { message }
}

/// Why one value of an option is refused. The parser adds where it came from and the value itself.
public struct MalformedValue: Error, Equatable {
  let predicate: String

  /// - Parameter predicate: goes on after the value: `has no port`.
  public init(_ predicate: String) {
    self.predicate = predicate
  }

  /// - Parameter expected: what would be right: `a number from 1 to 256`.
  public static func isNot(_ expected: String) -> MalformedValue {
    MalformedValue("is not \(expected)")
  }
}

/// Text of others inside of a message.
enum Quoted {
  static let charactersMax = 60

  /// In quotes, in one line, and not longer than a message bears.
  static func text(_ value: String) -> String {
    var result = "\""
    for scalar in value.unicodeScalars.prefix(charactersMax) {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
        result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    let isLonger = value.unicodeScalars.count > charactersMax
    return result + (isLonger ? "…\"" : "\"")
  }
}
