// Random names in an alphabet that survives being read aloud.

/// Text of random base32 digits (Crockford's alphabet: no i, l, o, u), 5 bits each.
enum Base32 {
  private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

  static func text(digits count: Int, from random: inout some RandomNumberGenerator) -> String {
    let bytes = (0..<count).map { _ in alphabet[Int(random.next() & 31)] }
    return String(decoding: bytes, as: UTF8.self)
  }
}
