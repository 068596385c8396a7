// Buffers that are used again, and copies between them in one piece.

/// Memory for one caller at a time.
@safe final class ScratchBuffer {
  let capacity: Int
  private let storage: UnsafeMutableBufferPointer<UInt8>

  init(capacity: Int) {
    self.capacity = capacity
    unsafe storage = .allocate(capacity: capacity)
    unsafe storage.initialize(repeating: 0)
  }

  deinit { unsafe storage.deallocate() }

  @unsafe func withBuffer<R>(_ body: (UnsafeMutableBufferPointer<UInt8>) -> R) -> R {
    unsafe body(storage)
  }
}

/// Buffers of a loop's streams while these hold nothing: a busy stream asks the heap for nothing,
/// and an idle one has none.
struct BufferPool {
  /// Bytes of buffers that wait to be lent; more are given back to the heap.
  static let sparesMax = 1 << 20
  /// Bytes of a buffer that is worth keeping.
  static let keptMax = 131_072

  private var spares: [[UInt8]] = []
  private var spareBytes = 0

  /// Gives `buffer` memory, if it has none and there is some.
  mutating func lend(to buffer: inout [UInt8]) {
    guard buffer.capacity == 0, let spare = spares.popLast() else { return }
    spareBytes -= spare.capacity
    buffer = spare
  }

  /// Empties `buffer` and takes its memory.
  mutating func takeBack(_ buffer: inout [UInt8]) {
    let bytes = buffer.capacity
    guard bytes > 0 else { return }
    if bytes <= Self.keptMax && spareBytes + bytes <= Self.sparesMax {
      buffer.removeAll(keepingCapacity: true)
      spares.append(buffer)
      spareBytes += bytes
    }
    buffer = []
  }
}

extension [UInt8] {
  /// Appends a part of `bytes`, in one copy.
  @inlinable public mutating func append(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    unsafe bytes.extracting(range).withUnsafeBufferPointer { buffer in
      unsafe append(contentsOf: buffer)
    }
  }
}
