// An offender whose messages are small until they are inflated.

internal import NetTypes

/// Compressed messages of 64 KB that are 10 MB, before the join and after it, and offers of
/// compression with thousands of parameters.
final class BombThrower: Offender, @unchecked Sendable {
  private static let inflatedBytes = 10_000_000

  private var joining: Set<Int> = []
  private var agreed = 0
  private var thrown = 0
  private var offers = 0
  private let bomb = DeflateBomb.message(inflatedBytes: inflatedBytes)

  override var interval: Duration { .milliseconds(20) }

  override func tick(now: Instant) { _ = connect() }

  override func connected(_ connection: FloodConnection) {
    guard connection.number % 3 == 0 else {
      return connection.upgrade("Sec-WebSocket-Extensions: permessage-deflate\r\n")
    }
    offers += 1
    let parameter = "; server_max_window_bits=15"
    let offer = String(repeating: parameter, count: 200)
    let line = "Sec-WebSocket-Extensions: permessage-deflate\(offer)\r\n"
    connection.upgrade(String(repeating: line, count: 8))
  }

  override func opened(_ connection: FloodConnection) {
    if connection.hasDeflate { agreed += 1 }
    if connection.number % 3 == 1 {
      throwBomb(connection)
    } else {
      connection.join("\(scene.room)-bomb")
    }
  }

  override func received(_ text: Span<UInt8>, on connection: FloodConnection) {
    if joining.insert(connection.number).inserted { throwBomb(connection) }
  }

  private func throwBomb(_ connection: FloodConnection) {
    thrown += 1
    connection.send(raw: bomb)
  }

  override func lost(_ connection: FloodConnection) { joining.remove(connection.number) }

  override var findings: [FloodFinding] {
    [
      FloodFinding("deflate_agreed", "connections with permessage-deflate", agreed),
      FloodFinding("bombs", "bombs thrown", thrown),
      FloodFinding("long_offers", "offers of compression with 1,600 parameters", offers),
    ]
  }
}

/// A deflated message that is much longer inflated.
enum DeflateBomb {
  /// The longest match and its code (RFC 1951 §3.2.5, §3.2.6).
  private static let matchBytes = 258

  /// A masked text frame of an unfinished JSON string.
  static func message(inflatedBytes: Int) -> [UInt8] {
    let payload = deflated(inflatedBytes: inflatedBytes)
    // FIN, RSV1, text; masked by zeros (RFC 6455 §5.2, RFC 7692 §6).
    var frame: [UInt8] = [0xC1]
    if payload.count < 65_536 {
      frame += [0xFE, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
    } else {
      frame.append(0xFF)
      frame += (0..<8).reversed().map { UInt8(truncatingIfNeeded: payload.count >> ($0 * 8)) }
    }
    return frame + [0, 0, 0, 0] + payload
  }

  /// One block with fixed codes (RFC 1951 §3.2.6): a quotation mark, letters, and matches that
  /// repeat the letter before.
  static func deflated(inflatedBytes: Int) -> [UInt8] {
    var bits = Bits()
    // BFINAL 0, BTYPE 01.
    bits.append(0b010, count: 3)
    bits.appendCode(0x30 + 0x22, count: 8)
    bits.appendCode(0x30 + 0x61, count: 8)
    for _ in 0..<inflatedBytes / matchBytes {
      // Length symbol 285 is 258; distance symbol 0 is 1.
      bits.appendCode(0b1100_0000 + (285 - 280), count: 8)
      bits.appendCode(0, count: 5)
    }
    // End of block, and the empty stored block whose tail RFC 7692 §7.2.1 leaves out.
    bits.appendCode(0, count: 7)
    bits.append(0, count: 3)
    return bits.bytes
  }

  /// Bits from the lowest of each byte on (RFC 1951 §3.1.1).
  private struct Bits {
    var bytes: [UInt8] = []
    private var used = 8

    mutating func append(_ value: Int, count: Int) {
      for bit in 0..<count {
        if used == 8 {
          bytes.append(0)
          used = 0
        }
        if value >> bit & 1 == 1 { bytes[bytes.count - 1] |= 1 << UInt8(used) }
        used += 1
      }
    }

    /// Huffman codes begin with their highest bit.
    mutating func appendCode(_ code: Int, count: Int) {
      for bit in (0..<count).reversed() { append(code >> bit & 1, count: 1) }
    }
  }
}
