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

extension [UInt8] {
  /// Appends a part of `bytes`, in one copy.
  @inlinable public mutating func append(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    unsafe bytes.extracting(range).withUnsafeBufferPointer { buffer in
      unsafe append(contentsOf: buffer)
    }
  }
}
