// Big-endian reads and writes over bytes that another machine wrote: byte by byte, never by a cast.

extension Span where Element == UInt8 {
  /// The two bytes at `offset`, which must lie inside.
  @inlinable public func uint16(at offset: Int) -> UInt16 {
    UInt16(self[offset]) << 8 | UInt16(self[offset + 1])
  }

  /// The four bytes at `offset`, which must lie inside.
  @inlinable public func uint32(at offset: Int) -> UInt32 {
    UInt32(uint16(at: offset)) << 16 | UInt32(uint16(at: offset + 2))
  }

  /// The eight bytes at `offset`, which must lie inside.
  @inlinable public func uint64(at offset: Int) -> UInt64 {
    UInt64(uint32(at: offset)) << 32 | UInt64(uint32(at: offset + 4))
  }

  /// A copy of the bytes in `range`, which must lie inside.
  public func bytes(in range: Range<Int>) -> [UInt8] {
    let part = extracting(range)
    return [UInt8](capacity: part.count) { copy in
      for index in part.indices { copy.append(part[index]) }
    }
  }
}

extension MutableSpan where Element == UInt8 {
  @inlinable public mutating func store(_ value: UInt16, at offset: Int) {
    self[offset] = UInt8(truncatingIfNeeded: value >> 8)
    self[offset + 1] = UInt8(truncatingIfNeeded: value)
  }

  @inlinable public mutating func store(_ value: UInt32, at offset: Int) {
    store(UInt16(truncatingIfNeeded: value >> 16), at: offset)
    store(UInt16(truncatingIfNeeded: value), at: offset + 2)
  }

  @inlinable public mutating func store(_ value: UInt64, at offset: Int) {
    store(UInt32(truncatingIfNeeded: value >> 32), at: offset)
    store(UInt32(truncatingIfNeeded: value), at: offset + 4)
  }
}

extension [UInt8] {
  @inlinable public mutating func append(bigEndian value: UInt16) {
    append(UInt8(truncatingIfNeeded: value >> 8))
    append(UInt8(truncatingIfNeeded: value))
  }

  @inlinable public mutating func append(bigEndian value: UInt32) {
    append(bigEndian: UInt16(truncatingIfNeeded: value >> 16))
    append(bigEndian: UInt16(truncatingIfNeeded: value))
  }

  @inlinable public mutating func append(bigEndian value: UInt64) {
    append(bigEndian: UInt32(truncatingIfNeeded: value >> 32))
    append(bigEndian: UInt32(truncatingIfNeeded: value))
  }
}
