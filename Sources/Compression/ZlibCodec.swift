// Deflate by zlib, for one thread: a state is made once and used for every message.

internal import CZlib
public import WebSocket

/// One thread's ``MessageCodec``. Its states are made when they are first needed: 40 KB for
/// inflating, up to 160 KB for deflating with each size of window that clients ask for.
public final class ZlibCodec: MessageCodec {
  /// Signaling is small texts at a high rate; the higher levels gain some percent of size.
  private static let level = Int32(3)
  /// 1 to 9: the hash table and the block, both of which are made anew for each message.
  private static let memoryLevel = Int32(6)
  /// How the output grows.
  private static let pieceBytes = 16_384
  /// What every message ends with and leaves out (RFC 7692 §7.2.1).
  private static let tail: [UInt8] = [0x00, 0x00, 0xFF, 0xFF]

  private var inflater: ZlibStream?
  private var deflaters: [Int: ZlibStream] = [:]

  public init() {}

  // MARK: Deflating

  public func deflate(
    _ bytes: Span<UInt8>, windowBits: Int, into output: inout [UInt8]
  ) -> Bool {
    let stream = deflater(windowBits)
    let start = output.count
    guard stream.isReady, unsafe deflateReset(stream.state) == Z_OK else { return false }
    let isDone = unsafe bytes.withUnsafeBufferPointer { input in
      unsafe stream.feed(input)
      while true {
        let piece = max(64, Int(deflateBound(nil, UInt(stream.inputLeft))) + 16)
        let isFull = unsafe stream.write(piece, to: &output) {
          unsafe CZlib.deflate($0, Z_SYNC_FLUSH)
        }
        guard let isFull else { return false }
        if !isFull { return true }
      }
    }
    guard isDone, output.count - start >= Self.tail.count, output.suffix(4) == Self.tail[...] else {
      output.removeLast(output.count - start)
      return false
    }
    output.removeLast(Self.tail.count)
    return true
  }

  private func deflater(_ windowBits: Int) -> ZlibStream {
    precondition(DeflateAgreement.windowBits.contains(windowBits), "zlib has no such window")
    if let known = deflaters[windowBits] { return known }
    let stream = unsafe ZlibStream { state in
      unsafe deflateInit2_(
        state, Self.level, Z_DEFLATED, -Int32(windowBits), Self.memoryLevel, Z_DEFAULT_STRATEGY,
        ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    } end: { state in
      _ = unsafe deflateEnd(state)
    }
    deflaters[windowBits] = stream
    return stream
  }

  // MARK: Inflating

  public func inflate(
    _ payload: Span<UInt8>, bytesMax: Int, into output: inout [UInt8]
  ) throws(InflateFault) {
    let inflater = self.inflater ?? Self.makeInflater()
    self.inflater = inflater
    guard inflater.isReady, unsafe inflateReset(inflater.state) == Z_OK else { throw .malformed }
    let start = output.count
    let limit = start + bytesMax
    try inflate(payload, by: inflater, upTo: limit, into: &output)
    try inflate(Self.tail.span, by: inflater, upTo: limit, into: &output)
    guard inflater.isBetweenBlocks else { throw .malformed }
  }

  private static func makeInflater() -> ZlibStream {
    unsafe ZlibStream { state in
      unsafe inflateInit2_(state, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    } end: { state in
      _ = unsafe inflateEnd(state)
    }
  }

  private func inflate(
    _ input: Span<UInt8>, by inflater: ZlibStream, upTo limit: Int, into output: inout [UInt8]
  ) throws(InflateFault) {
    let fault: InflateFault? = unsafe input.withUnsafeBufferPointer { input in
      unsafe inflater.feed(input)
      while true {
        // One byte more than there may be tells what is too large from what just fits.
        let piece = min(Self.pieceBytes, limit + 1 - output.count)
        let isFull = unsafe inflater.write(piece, to: &output) { state in
          while true {
            let result = unsafe CZlib.inflate(state, Z_SYNC_FLUSH)
            // RFC 7692 §7.2.3.4: a block may be the last one, and others follow all the same.
            guard result == Z_STREAM_END else { return result }
            guard unsafe inflateReset(state) == Z_OK, unsafe state.pointee.avail_in > 0 else {
              return Z_OK
            }
          }
        }
        guard let isFull else { return .malformed }
        if output.count > limit { return .tooLarge }
        if !isFull && inflater.inputLeft == 0 { return nil }
      }
    }
    if let fault { throw fault }
  }
}
