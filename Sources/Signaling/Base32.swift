// Random names in an alphabet that survives being read aloud.

/// Text of random base32 digits (Crockford's alphabet: no i, l, o, u), 5 bits each.
enum Base32 {
  private static let digits = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

  static func random(_ count: Int, from random: inout some RandomNumberGenerator) -> String {
    let bytes = (0..<count).map { _ in digits[Int(random.next() & 31)] }
    return String(decoding: bytes, as: UTF8.self)
  }
}
