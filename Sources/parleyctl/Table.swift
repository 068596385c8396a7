// Columns of text that stand under one another in a terminal.

struct Table {
  struct Column {
    let title: String
    let isRight: Bool

    static func left(_ title: String) -> Column { Column(title: title, isRight: false) }
    /// For numbers.
    static func right(_ title: String) -> Column { Column(title: title, isRight: true) }
  }

  private static let gap = "  "

  let columns: [Column]
  /// Each with a cell for every column; further cells are left out.
  var rows: [[String]] = []

  init(_ columns: [Column]) { self.columns = columns }

  /// The titles and the rows, a line each, without a newline at the end.
  var text: String {
    let lines = [columns.map(\.title)] + rows
    let widths = columns.indices.map { column in
      lines.map { column < $0.count ? Self.width($0[column]) : 0 }.max() ?? 0
    }
    return lines.map { cells in
      let padded = zip(zip(columns, widths), cells).map { place, cell in
        let filling = String(repeating: " ", count: place.1 - Self.width(cell))
        return place.0.isRight ? filling + cell : cell + filling
      }
      let line = padded.joined(separator: Self.gap)
      return String(line.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }

  /// Cells of a terminal that `text` takes.
  static func width(_ text: String) -> Int {
    text.reduce(0) { $0 + (isWide($1) ? 2 : 1) }
  }

  /// As much of `text` as fits into so many cells, with a mark where it was cut.
  static func fitted(_ text: String, to cells: Int) -> String {
    guard width(text) > cells else { return text }
    var result = ""
    var used = 1
    for character in text {
      used += isWide(character) ? 2 : 1
      guard used <= cells else { break }
      result.append(character)
    }
    return cells > 0 ? result + "…" : ""
  }

  private static func isWide(_ character: Character) -> Bool {
    guard let first = character.unicodeScalars.first else { return false }
    if first.properties.isEmojiPresentation || character.unicodeScalars.contains("\u{FE0F}") {
      return true
    }
    // The wide and full-width blocks of UAX #11, as far as names are written in them.
    switch first.value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
      0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
      return true
    default: return false
    }
  }
}
