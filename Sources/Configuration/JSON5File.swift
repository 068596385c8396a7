// Reads a file that is one JSON5 object.

import Foundation

/// A value of the file. Numbers stay text: who knows what is wanted reads them.
enum FileValue: Decodable, Equatable {
  case text(String)
  case toggle(Bool)
  case list([FileValue])
  case object([String: FileValue])
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
      if let members = try? container.decode([String: FileValue].self) {
        self = .object(members)
        return
      }
    }
    self = .other
  }
}

/// Files that options name.
enum JSON5File {
  /// The largest file that is taken for one of ours.
  static let bytesMax = 1 << 20

  /// The bytes of a file that the option `flag` names.
  static func bytes(
    of path: String, named flag: String, _ reader: (String) throws -> [UInt8]
  ) throws(ConfigurationError) -> [UInt8] {
    let shownPath = Quoted.text(path)
    let bytes: [UInt8]
    do {
      bytes = try reader(path)
    } catch {
      throw ConfigurationError("\(flag): \(shownPath) can not be read (\(reason(error)))")
    }
    guard bytes.count <= bytesMax else {
      throw ConfigurationError("\(flag): \(shownPath) is larger than \(bytesMax) bytes")
    }
    return bytes
  }

  /// The members of the file's object.
  ///
  /// - Parameter example: what such an object looks like, for the message.
  static func object(
    of path: String, named flag: String, like example: String,
    _ reader: (String) throws -> [UInt8]
  ) throws(ConfigurationError) -> [String: FileValue] {
    let shownPath = Quoted.text(path)
    let bytes = try bytes(of: path, named: flag, reader)
    if let problem = JSON5Outline.problem(in: bytes) {
      throw ConfigurationError("\(shownPath), line \(problem.line): \(problem.message)")
    }
    let decoder = JSONDecoder()
    decoder.allowsJSON5 = true
    // What else the decoder tells may quote the file, and so a secret.
    do {
      return try decoder.decode([String: FileValue].self, from: Data(bytes))
    } catch DecodingError.typeMismatch {
      throw ConfigurationError("\(shownPath): not one JSON5 object, \(example)")
    } catch {
      throw ConfigurationError("\(shownPath): not valid JSON5")
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
