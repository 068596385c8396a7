// Builds the bytes of one log line in logfmt, so that no value can forge a second one.

/// A log line under construction: `key=value` pairs with a space between them.
struct LogLine {
  /// A pipe takes this many bytes in one piece (PIPE_BUF), so lines of several threads never mix.
  static let bytesMax = 4096
  /// What one value may take; a longer one ends in `…`.
  static let valueBytesMax = 1024

  private static let truncationMark = Array(" truncated=true".utf8)
  private(set) var bytes: [UInt8] = []
  private var isFull = false

  init() {
    bytes.reserveCapacity(256)
  }

  /// Appends one pair, or a mark in its place when the line has no room for it.
  mutating func append(_ key: StaticString, _ value: String) {
    guard !isFull else { return }
    var pair = bytes.isEmpty ? [] : [UInt8(ascii: " ")]
    pair += key.description.utf8
    pair.append(UInt8(ascii: "="))
    Self.appendEscaped(value, to: &pair)
    let room = Self.bytesMax - Self.truncationMark.count - 1
    if bytes.count + pair.count > room {
      isFull = true
      bytes += Self.truncationMark
    } else {
      bytes += pair
    }
  }

  /// The line with its end.
  func ended() -> [UInt8] {
    bytes + [UInt8(ascii: "\n")]
  }

  /// Appends a value, in quotes when it holds anything but plain printable ASCII.
  private static func appendEscaped(_ value: String, to output: inout [UInt8]) {
    if !value.isEmpty, value.utf8.count <= valueBytesMax, value.utf8.allSatisfy(isPlain) {
      output += value.utf8
      return
    }
    let limit = output.count + valueBytesMax
    output.append(UInt8(ascii: "\""))
    for scalar in value.unicodeScalars {
      if output.count >= limit {
        output += "…".utf8
        break
      }
      appendEscaped(scalar, to: &output)
    }
    output.append(UInt8(ascii: "\""))
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
      && byte != UInt8(ascii: "=")
  }

  private static func appendEscaped(_ scalar: Unicode.Scalar, to output: inout [UInt8]) {
    switch scalar {
    case "\"": output += "\\\"".utf8
    case "\\": output += "\\\\".utf8
    case "\n": output += "\\n".utf8
    case "\r": output += "\\r".utf8
    case "\t": output += "\\t".utf8
    default:
      if misleads(scalar) {
        output += "\\u{".utf8
        output += String(scalar.value, radix: 16).utf8
        output.append(UInt8(ascii: "}"))
      } else {
        output += String(scalar).utf8
      }
    }
  }

  /// Controls, line and paragraph separators, and what is invisible or turns the direction of text:
  /// a terminal could be made to show something else than what is in the line.
  private static func misleads(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
      .unassigned:
      true
    default: false
    }
  }
}
