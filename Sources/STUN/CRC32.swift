// The checksum of FINGERPRINT: ITU V.42, as RFC 8489 §14.7 asks.

enum CRC32 {
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in
      value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1
    }
  }

  static func checksum(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt32 {
    var value: UInt32 = .max
    for offset in range {
      value = table[Int(truncatingIfNeeded: value ^ UInt32(bytes[offset])) & 0xff] ^ value >> 8
    }
    return ~value
  }
}
