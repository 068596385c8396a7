// Numbers, times and foreign text as people read them.

enum Figures {
  /// `45s`, `3m12s`, `2h05m`, `4d03h`: the two largest units, rounded down.
  static func age(_ seconds: Int64) -> String {
    let seconds = max(0, seconds)
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400)
    if days > 0 { return "\(days)d\(padded(hours % 24))h" }
    if hours > 0 { return "\(hours)h\(padded(minutes % 60))m" }
    if minutes > 0 { return "\(minutes)m\(padded(seconds % 60))s" }
    return "\(seconds)s"
  }

  private static func padded(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }

  /// `999 B`, `1.2 kB`, `34.5 MB`, `678 GB`: powers of 1000, rounded down.
  static func bytes(_ count: UInt64) -> String {
    var unit: UInt64 = 1
    var name = "B"
    for larger in ["kB", "MB", "GB", "TB", "PB", "EB"] where count / unit >= 1_000 {
      unit *= 1_000
      name = larger
    }
    let whole = count / unit
    guard unit > 1, whole < 100 else { return "\(whole) \(name)" }
    return "\(whole).\(count % unit / (unit / 10)) \(name)"
  }

  /// `candidate 12, offer 1`; `-` for nothing.
  static func counts(_ counts: [String: Int]) -> String {
    let parts = counts.sorted { $0.key < $1.key }.map { "\(printable($0.key)) \($0.value)" }
    return parts.isEmpty ? "-" : parts.joined(separator: ", ")
  }

  /// What strangers chose, so that it moves no cursor and hides no text.
  static func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .format where scalar == "\u{200C}" || scalar == "\u{200D}":
        // These join letters and emoji.
        result.unicodeScalars.append(scalar)
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
        result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  static func shortened(_ text: String, to charactersMax: Int) -> String {
    text.count <= charactersMax ? text : text.prefix(charactersMax - 1) + "…"
  }
}
