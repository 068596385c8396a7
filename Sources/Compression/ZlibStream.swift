// A zlib state with the pointers into buffers that it works on.

internal import CZlib

/// Owns one `z_stream`, which must not change its place.
@safe final class ZlibStream {
  let state: UnsafeMutablePointer<z_stream>
  /// False when zlib had no memory for it.
  let isReady: Bool
  private let end: (UnsafeMutablePointer<z_stream>) -> Void

  init(
    _ begin: (UnsafeMutablePointer<z_stream>) -> Int32,
    end: @escaping (UnsafeMutablePointer<z_stream>) -> Void
  ) {
    unsafe state = .allocate(capacity: 1)
    unsafe state.initialize(to: z_stream())
    unsafe self.end = end
    unsafe isReady = begin(state) == Z_OK
  }

  deinit {
    if isReady { unsafe end(state) }
    unsafe state.deallocate()
  }

  /// Sets what is read next. It has to be there as long as `write` is called.
  func feed(_ input: UnsafeBufferPointer<UInt8>) {
    unsafe state.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
    unsafe state.pointee.avail_in = UInt32(input.count)
  }

  var inputLeft: Int { unsafe Int(state.pointee.avail_in) }

  /// Whether what was inflated ends where a block may begin: `inflate` says so by a bit of
  /// `data_type`, see zlib.h.
  var isBetweenBlocks: Bool { unsafe state.pointee.data_type & 128 != 0 }

  /// Lets `step` write up to `count` bytes behind `output`. Returns whether it used all of them, so
  /// that there may be more; nil for an error of zlib's.
  func write(
    _ count: Int, to output: inout [UInt8],
    _ step: (UnsafeMutablePointer<z_stream>) -> Int32
  ) -> Bool? {
    let start = output.count
    output.append(contentsOf: repeatElement(0, count: count))
    let result = unsafe output.withUnsafeMutableBufferPointer { buffer in
      unsafe state.pointee.next_out = buffer.baseAddress.map { unsafe $0 + start }
      unsafe state.pointee.avail_out = UInt32(count)
      return unsafe step(state)
    }
    let left = unsafe Int(state.pointee.avail_out)
    output.removeLast(left)
    // Z_BUF_ERROR: there was nothing to do, which is how a loop like ours ends.
    return result == Z_OK || result == Z_BUF_ERROR ? left == 0 : nil
  }
}
