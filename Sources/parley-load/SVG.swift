// Writes the few elements of SVG that a plot is made of.

/// A picture that grows by elements; the later ones cover the earlier.
struct SVG: Sendable {
  enum Anchor: String, Sendable {
    case start, middle, end
  }

  private var elements: [String] = []

  /// - Parameter title: what is read to those who do not see it.
  init(width: Double, height: Double, title: String) {
    let size = "\(Decimal.shortest(width)) \(Decimal.shortest(height))"
    elements = [
      #"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \#(size)" role="img""#
        + #" font-family="system-ui, 'Helvetica Neue', Arial, sans-serif">"#,
      "<title>\(Self.escaped(title))</title>",
      // Its own ground: it is read on dark pages too.
      ##"<rect width="100%" height="100%" fill="#ffffff"/>"##,
    ]
  }

  /// The whole document.
  var text: String { (elements + ["</svg>", ""]).joined(separator: "\n") }

  mutating func line(
    _ from: (x: Double, y: Double), _ to: (x: Double, y: Double), color: String
  ) {
    elements.append(
      #"<line x1="\#(Self.number(from.x))" y1="\#(Self.number(from.y))" x2="\#(Self.number(to.x))""#
        + #" y2="\#(Self.number(to.y))" stroke="\#(color)"/>"#)
  }

  mutating func polyline(_ places: [(x: Double, y: Double)], color: String) {
    let list = places.map { "\(Self.number($0.x)),\(Self.number($0.y))" }.joined(separator: " ")
    elements.append(
      #"<polyline points="\#(list)" fill="none" stroke="\#(color)" stroke-width="2""#
        + #" stroke-linejoin="round"/>"#)
  }

  mutating func circle(_ center: (x: Double, y: Double), radius: Double, color: String) {
    elements.append(
      #"<circle cx="\#(Self.number(center.x))" cy="\#(Self.number(center.y))""#
        + #" r="\#(Self.number(radius))" fill="\#(color)"/>"#)
  }

  mutating func text(
    _ text: String, x: Double, y: Double, size: Int, color: String, weight: Int = 400,
    anchor: Anchor = .start
  ) {
    let place = #"x="\#(Self.number(x))" y="\#(Self.number(y))""#
    let look = #"font-size="\#(size)" font-weight="\#(weight)" fill="\#(color)""#
    elements.append(
      #"<text \#(place) \#(look) text-anchor="\#(anchor.rawValue)">\#(Self.escaped(text))</text>"#)
  }

  private static func number(_ value: Double) -> String {
    Decimal.text(value, digits: 1)
  }

  private static func escaped(_ text: String) -> String {
    text.map { character in
      switch character {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      default: String(character)
      }
    }.joined()
  }
}
