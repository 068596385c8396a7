// A hash index from keys that live elsewhere to their slots, cheap enough for every packet.

/// Keyed hashing for tables that a remote can fill: one multiplication for each two words.
///
/// Not a MAC: it only keeps a stranger who does not know the key from choosing colliding addresses.
public struct HashKey: Sendable {
  @usableFromInline let a: UInt64
  @usableFromInline let b: UInt64

  public init(using random: inout some RandomNumberGenerator) {
    a = random.next() | 1
    b = random.next() | 1
  }

  @inlinable func fold(_ x: UInt64, _ y: UInt64) -> UInt64 {
    let product = (x ^ a).multipliedFullWidth(by: y ^ b)
    return product.high ^ product.low
  }

  @inlinable public func hash(_ address: SocketAddress) -> UInt64 {
    let family = UInt64(address.ip.family.rawValue)
    let tail = family << 48 | UInt64(address.port) << 32 | UInt64(address.scope)
    return fold(fold(address.ip.high, address.ip.low) ^ tail, tail &+ b)
  }

  @inlinable public func hash(_ value: UInt64) -> UInt64 { fold(value, value &+ b) }

  @inlinable public func hash(_ tuple: FiveTuple) -> UInt64 {
    fold(hash(tuple.client), hash(tuple.server) ^ UInt64(tuple.transport.rawValue))
  }
}

/// An open-addressing table of (hash, slot) pairs: the keys stay where the slots point, so a
/// look-up touches one cache line here and the record it was going to touch anyway.
public struct SlotTable: Sendable {
  @usableFromInline struct Entry: Sendable {
    @usableFromInline var hash: UInt32
    /// −1 marks a free entry.
    @usableFromInline var slot: Int32
  }

  @usableFromInline var entries: [Entry]
  @usableFromInline var mask: Int
  public private(set) var count = 0

  public init() {
    entries = Array(repeating: Entry(hash: 0, slot: -1), count: 16)
    mask = 15
  }

  /// The slot whose hash is `hash` and which `matches` accepts.
  @inlinable public func find(_ hash: UInt64, matches: (Int) -> Bool) -> Int? {
    let short = UInt32(truncatingIfNeeded: hash)
    var index = Int(short) & mask
    while entries[index].slot >= 0 {
      if entries[index].hash == short, matches(Int(entries[index].slot)) {
        return Int(entries[index].slot)
      }
      index = (index + 1) & mask
    }
    return nil
  }

  /// Adds a slot; the caller has made sure that its key is not here yet.
  public mutating func insert(_ hash: UInt64, slot: Int) {
    if (count + 1) * 2 > entries.count { grow() }
    place(Entry(hash: UInt32(truncatingIfNeeded: hash), slot: Int32(slot)))
    count += 1
  }

  /// Removes `slot` if it is here under `hash`.
  public mutating func remove(_ hash: UInt64, slot: Int) {
    var hole = Int(UInt32(truncatingIfNeeded: hash)) & mask
    while entries[hole].slot != Int32(slot) {
      if entries[hole].slot < 0 { return }
      hole = (hole + 1) & mask
    }
    count -= 1
    // Move back what would no longer be found across the hole (Knuth, TAOCP 3, algorithm 6.4 R).
    var index = (hole + 1) & mask
    while entries[index].slot >= 0 {
      let home = Int(entries[index].hash) & mask
      if (index - home) & mask >= (index - hole) & mask {
        entries[hole] = entries[index]
        hole = index
      }
      index = (index + 1) & mask
    }
    entries[hole].slot = -1
  }

  private mutating func place(_ entry: Entry) {
    var index = Int(entry.hash) & mask
    while entries[index].slot >= 0 { index = (index + 1) & mask }
    entries[index] = entry
  }

  private mutating func grow() {
    let old = entries
    entries = Array(repeating: Entry(hash: 0, slot: -1), count: old.count * 2)
    mask = entries.count - 1
    for entry in old where entry.slot >= 0 { place(entry) }
  }
}
