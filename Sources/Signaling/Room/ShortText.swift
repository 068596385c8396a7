// Texts for people: short, and without anything that moves a cursor.

enum ShortText {
  /// Whether `text` has at most `bytesMax` bytes and no control characters.
  static func isFit(_ text: String, bytesMax: Int) -> Bool {
    text.utf8.count <= bytesMax
      && !text.unicodeScalars.contains { $0.properties.generalCategory == .control }
  }
}
