// Numbers and columns as text.

enum Decimal {
  /// `value` with a fixed number of digits behind the point; "0" for what is no number.
  static func text(_ value: Double, digits: Int) -> String {
    let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
    guard value.isFinite, let scaled = Int(exactly: (value.magnitude * scale).rounded()) else {
      return "0"
    }
    let whole = scaled / Int(scale)
    let sign = value < 0 && scaled != 0 ? "-" : ""
    guard digits > 0 else { return sign + String(whole) }
    let fraction = String(scaled % Int(scale))
    return sign + "\(whole)." + String(repeating: "0", count: digits - fraction.count) + fraction
  }

  /// The nearest whole number, with its thousands apart: "12,345".
  static func grouped(_ value: Double) -> String {
    let digits = Array(text(value.magnitude, digits: 0))
    let groups = stride(from: digits.count, to: 0, by: -3).reversed().map { end in
      String(digits[max(0, end - 3)..<end])
    }
    return (value <= -0.5 ? "-" : "") + groups.joined(separator: ",")
  }

  /// To six digits behind the point, as few as it takes.
  static func shortest(_ value: Double) -> String {
    var digits = text(value, digits: 6)
    while digits.hasSuffix("0") { digits.removeLast() }
    if digits.hasSuffix(".") { digits.removeLast() }
    return digits.isEmpty ? "0" : digits
  }
}

extension String {
  /// Filled up with spaces to `width` characters, behind the text or in front of it.
  func padded(_ width: Int, right: Bool = false) -> String {
    let spaces = String(repeating: " ", count: max(0, width - count))
    return right ? spaces + self : self + spaces
  }
}
