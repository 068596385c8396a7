// Compresses whole files, once.

internal import CZlib

/// The gzip format (RFC 1952), for pages.
public enum Gzip {
  /// zlib.h: a window of 15 bits, and 16 for gzip's header and checksum.
  private static let windowBits = Int32(15 + 16)

  /// `bytes` as small as zlib makes them; nil when it has no memory.
  public static func compress(_ bytes: Span<UInt8>) -> [UInt8]? {
    let stream = unsafe ZlibStream { state in
      unsafe deflateInit2_(
        state, Z_BEST_COMPRESSION, Z_DEFLATED, windowBits, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY,
        ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    } end: { state in
      _ = unsafe deflateEnd(state)
    }
    guard stream.isReady else { return nil }
    var output: [UInt8] = []
    let bound = unsafe Int(deflateBound(stream.state, UInt(bytes.count)))
    let isDone = unsafe bytes.withUnsafeBufferPointer { input in
      unsafe stream.feed(input)
      var isAtEnd = false
      let isFull = unsafe stream.write(bound, to: &output) { state in
        isAtEnd = unsafe deflate(state, Z_FINISH) == Z_STREAM_END
        return Z_OK
      }
      return isAtEnd && isFull != nil
    }
    return isDone ? output : nil
  }
}
