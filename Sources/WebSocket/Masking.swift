// Masks and unmasks payloads, eight bytes at a time.

/// The four bytes of a masking key (RFC 6455 §5.3), the first one lowest.
struct MaskKey: Equatable {
  private var word: UInt32

  init(littleEndian word: UInt32) { self.word = word }

  /// The key as it is on the wire, read as one big-endian number.
  init(bigEndian number: UInt32) { word = number.byteSwapped }

  /// The key for the bytes from `offset` of the payload on.
  func rotated(by offset: Int) -> MaskKey {
    let shift = UInt32(truncatingIfNeeded: (offset & 3) * 8)
    return MaskKey(littleEndian: word >> shift | word << ((32 - shift) & 31))
  }

  /// The byte that goes with place `index`.
  func byte(_ index: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: word >> UInt32(truncatingIfNeeded: (index & 3) * 8))
  }

  /// The key twice, for eight bytes.
  var doubled: UInt64 { UInt64(word) << 32 | UInt64(word) }
}

extension MutableSpan<UInt8> {
  /// Applies `key` to the bytes of `range`, the first of which goes with the key's first byte.
  mutating func mask(_ range: Range<Int>, with key: MaskKey) {
    var part = _mutatingExtracting(range)
    let count = part.count
    let doubled = key.doubled
    var index = 0
    // Written out so that the compiler joins the eight loads and the eight stores to one each: that
    // needs no unsafe access and takes a quarter of the time of going byte by byte.
    while index &+ 8 <= count {
      precondition(index &+ 7 < part.count)
      let word = part.span.word(at: index) ^ doubled
      part[index] = UInt8(truncatingIfNeeded: word)
      part[index &+ 1] = UInt8(truncatingIfNeeded: word >> 8)
      part[index &+ 2] = UInt8(truncatingIfNeeded: word >> 16)
      part[index &+ 3] = UInt8(truncatingIfNeeded: word >> 24)
      part[index &+ 4] = UInt8(truncatingIfNeeded: word >> 32)
      part[index &+ 5] = UInt8(truncatingIfNeeded: word >> 40)
      part[index &+ 6] = UInt8(truncatingIfNeeded: word >> 48)
      part[index &+ 7] = UInt8(truncatingIfNeeded: word >> 56)
      index &+= 8
    }
    while index < count {
      part[index] ^= key.byte(index)
      index &+= 1
    }
  }
}

extension Span<UInt8> {
  /// The eight bytes at `index`, the first one lowest. The last is looked at first: one check of
  /// bounds then covers all.
  @inline(__always)
  func word(at index: Int) -> UInt64 {
    precondition(index >= 0 && index &+ 7 < count)
    let low =
      UInt64(self[index]) | UInt64(self[index &+ 1]) << 8 | UInt64(self[index &+ 2]) << 16
      | UInt64(self[index &+ 3]) << 24
    let high =
      UInt64(self[index &+ 4]) | UInt64(self[index &+ 5]) << 8 | UInt64(self[index &+ 6]) << 16
      | UInt64(self[index &+ 7]) << 24
    return high << 32 | low
  }
}

extension [UInt8] {
  /// Appends the bytes of `range`, in one copy.
  mutating func append(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    let part = bytes.extracting(range)
    append(addingCapacity: part.count) { output in
      for index in part.indices { output.append(part[index]) }
    }
  }
}
