// Reads the options out of a JSON5 file.

import Foundation

/// A value of the file. Numbers stay text: the setters of the options read them.
enum FileValue: Decodable, Equatable {
  case text(String)
  case toggle(Bool)
  case list([FileValue])
  case other

  init(from decoder: any Decoder) throws {
    if let container = try? decoder.singleValueContainer() {
      if let value = try? container.decode(Bool.self) {
        self = .toggle(value)
        return
      }
      if let value = try? container.decode(String.self) {
        self = .text(value)
        return
      }
      if let value = try? container.decode(Int.self) {
        self = .text(String(value))
        return
      }
      if let value = try? container.decode(Double.self) {
        self = .text(String(value))
        return
      }
      if let values = try? container.decode([FileValue].self) {
        self = .list(values)
        return
      }
    }
    self = .other
  }
}

extension OptionTable {
  /// The largest file that is taken for a configuration.
  static var fileBytesMax: Int { 1 << 20 }

  /// Reads the keys of a file. Each is the name of an option without dashes in front.
  func fileValues(
    path: String, reader: (String) throws -> [UInt8]
  ) throws(ConfigurationError) -> [String: RawValues] {
    let shownPath = Quoted.text(path)
    var result: [String: RawValues] = [:]
    for (key, value) in try content(path: path, shownPath, reader).sorted(by: { $0.key < $1.key }) {
      guard let option = option(named: key), option.isInFile else {
        throw unknown("\(shownPath): \(Quoted.text(key))", name: String(key.drop { $0 == "-" })) {
          "\"\($0)\""
        }
      }
      let source = ValueSource.file(path: shownPath, key: key)
      result[key] = RawValues(values: try values(value, of: option, source), source: source)
    }
    return result
  }

  /// The bytes of a file that the option `flag` names.
  func bytes(
    of path: String, named flag: String, _ reader: (String) throws -> [UInt8]
  ) throws(ConfigurationError) -> [UInt8] {
    let shownPath = Quoted.text(path)
    let bytes: [UInt8]
    do {
      bytes = try reader(path)
    } catch {
      throw ConfigurationError("\(flag): \(shownPath) can not be read (\(Self.reason(error)))")
    }
    guard bytes.count <= Self.fileBytesMax else {
      throw ConfigurationError("\(flag): \(shownPath) is larger than \(Self.fileBytesMax) bytes")
    }
    return bytes
  }

  private func content(
    path: String, _ shownPath: String, _ reader: (String) throws -> [UInt8]
  ) throws(ConfigurationError) -> [String: FileValue] {
    let bytes = try bytes(of: path, named: "--config", reader)
    if let problem = JSON5Outline.problem(in: bytes) {
      throw ConfigurationError("\(shownPath), line \(problem.line): \(problem.message)")
    }
    let decoder = JSONDecoder()
    decoder.allowsJSON5 = true
    // What else the decoder tells may quote the file, and so a secret.
    do {
      return try decoder.decode([String: FileValue].self, from: Data(bytes))
    } catch DecodingError.typeMismatch {
      throw ConfigurationError("\(shownPath): not one JSON5 object, { \"listen\": […], … }")
    } catch {
      throw ConfigurationError("\(shownPath): not valid JSON5")
    }
  }

  private func values(
    _ value: FileValue, of option: Option<Settings>, _ source: ValueSource
  ) throws(ConfigurationError) -> [String] {
    switch (option.arity, value) {
    case (.toggle, .toggle(let isOn)): return [isOn ? "true" : "false"]
    case (.toggle, _): throw ConfigurationError("\(source.text): not true or false")
    case (.single, .text(let text)), (.list, .text(let text)): return [text]
    case (.list, .list(let values)):
      var texts: [String] = []
      for value in values {
        guard case .text(let text) = value else {
          throw ConfigurationError("\(source.text): the list holds something else than text")
        }
        texts.append(text)
      }
      return texts
    case (.single, _): throw ConfigurationError("\(source.text): not a text or a number")
    case (.list, _): throw ConfigurationError("\(source.text): not a text or a list of texts")
    }
  }

  private static func reason(_ error: any Error) -> String {
    switch (error as? CocoaError)?.code {
    case .fileReadNoSuchFile?, .fileNoSuchFile?: "no such file"
    case .fileReadNoPermission?: "no permission"
    default: error is CocoaError ? "not a readable file" : Quoted.text("\(error)")
    }
  }
}
