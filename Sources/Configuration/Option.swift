// One option of a program: its names, its defaults, what help says and what it sets.

/// A row of an ``OptionTable``. The name `relay-ip` stands for the flag `--relay-ip`, the variable
/// `PARLEY_RELAY_IP` and the key `"relay-ip"` of the configuration file.
public struct Option<Settings: Sendable>: Sendable {
  /// Puts a value into the settings, or says by ``MalformedValue`` what is wrong with it. (Not a
  /// typed throw: the compiler does not infer one for the closures that tables are written with.)
  public typealias Setter = @Sendable (inout Settings, String) throws -> Void

  /// How often an option takes a value.
  enum Arity: Sendable {
    case toggle, single, list
  }

  let name: String
  let arity: Arity
  /// What stands for the value in help: `HOST:PORT`. Empty for a toggle.
  let placeholder: String
  let help: String
  /// A value that no message and no help may show.
  var isSecret = false
  /// Whether the configuration file may hold it.
  var isInFile = true
  /// Whether a variable may hold it.
  var isInEnvironment = true
  /// Whether a running server takes a new value when it reads its configuration again.
  var isReloadable = false
  /// Taken through the same setter when no source gives the option.
  var defaults: [String] = []
  /// Instead of `defaults`, while the toggle of this name is on.
  var defaultsWith: [String: [String]] = [:]
  /// What help says of a default that is not a value but follows from other options.
  var defaultNote: String?
  let set: Setter

  var flag: String { "--\(name)" }

  /// An option that takes one value and may be given once.
  ///
  /// - Parameters:
  ///   - name: lower case, words joined by `-`.
  ///   - placeholder: stands for the value in help.
  ///   - defaultValue: is set when no source gives the option.
  ///   - help: what it does, a few words or a sentence.
  public static func value(
    _ name: String, _ placeholder: String, default defaultValue: String? = nil, help: String,
    set: @escaping Setter
  ) -> Option {
    Option(
      name: name, arity: .single, placeholder: placeholder, help: help,
      defaults: defaultValue.map { [$0] } ?? [], set: set)
  }

  /// An option that may be given any number of times; the setter is called for each value.
  public static func list(
    _ name: String, _ placeholder: String, default defaults: [String] = [], help: String,
    set: @escaping Setter
  ) -> Option {
    Option(
      name: name, arity: .list, placeholder: placeholder, help: help, defaults: defaults, set: set)
  }

  /// An option without a value; the setter is called when it is on.
  public static func toggle(
    _ name: String, help: String, set: @escaping @Sendable (inout Settings) -> Void
  ) -> Option {
    Option(name: name, arity: .toggle, placeholder: "", help: help) { settings, _ in
      set(&settings)
    }
  }

  /// The same option, whose values are never shown.
  public var secret: Option {
    var copy = self
    copy.isSecret = true
    return copy
  }

  /// The same option, which a running server reads again.
  public var reloadable: Option {
    var copy = self
    copy.isReloadable = true
    return copy
  }

  /// The same option with other defaults while a toggle is on.
  public func defaulting(to values: [String], with toggle: String) -> Option {
    var copy = self
    copy.defaultsWith[toggle] = values
    return copy
  }

  /// The same option with words in help for a default that follows from other options.
  public func noting(default note: String) -> Option {
    var copy = self
    copy.defaultNote = note
    return copy
  }
}

/// Options that help shows together.
public struct OptionGroup<Settings: Sendable>: Sendable {
  let title: String
  let options: [Option<Settings>]

  /// - Parameter title: the heading in help.
  public init(_ title: String, _ options: [Option<Settings>]) {
    self.title = title
    self.options = options
  }
}
