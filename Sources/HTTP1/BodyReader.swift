// Collects the body of a request that arrives in pieces.

/// How the length of a body is told (RFC 9112 §6.3).
public enum BodyFraming: Sendable, Equatable {
  /// Content-Length, or 0 without one.
  case length(Int)
  /// `Transfer-Encoding: chunked`, and nothing else.
  case chunked

  /// Whether nothing of a body follows the head.
  public var isEmpty: Bool { self == .length(0) }
}

/// What a body reader found.
public enum BodyReadResult: Sendable, Equatable {
  /// The first `consumed` bytes are taken in: drop them, and ask again when more have arrived.
  case needMore(consumed: Int)
  /// The whole body; the next request begins behind the first `consumed` bytes.
  case complete(body: [UInt8], consumed: Int)
  /// Answer with `fault.status`, close, and read no more.
  case malformed(HTTPFault)
}

/// Reads one body (RFC 9112 §6, §7.1). It keeps at most `bytesMax` bytes of it, and nothing of a
/// chunked body's framing; that is read strictly, for what two servers read in two ways is how
/// requests are smuggled past the first of them.
public struct BodyReader: Sendable {
  private let bytesMax: Int
  private let framing: BodyFraming
  private var body: [UInt8] = []
  private var chunks = ChunkReader()

  /// - Parameter bytesMax: a larger body is refused as soon as its size is told.
  public init(_ framing: BodyFraming, bytesMax: Int) {
    precondition(bytesMax >= 0, "a limit is not negative")
    self.framing = framing
    self.bytesMax = bytesMax
  }

  /// Goes on with what is at the front of `buffered`.
  public mutating func read(_ buffered: Span<UInt8>) -> BodyReadResult {
    do throws(HTTPFault) {
      switch framing {
      case .length(let length): return try read(buffered, length)
      case .chunked: return try readChunks(buffered)
      }
    } catch {
      return .malformed(error)
    }
  }

  private mutating func read(
    _ buffered: Span<UInt8>, _ length: Int
  ) throws(HTTPFault) -> BodyReadResult {
    guard length <= bytesMax else { throw .bodyTooLarge }
    let count = min(length - body.count, buffered.count)
    body.append(contentsOf: buffered.bytes(0..<count))
    return finish(isComplete: body.count == length, count)
  }

  private mutating func readChunks(
    _ buffered: Span<UInt8>
  ) throws(HTTPFault) -> BodyReadResult {
    var offset = 0
    while offset < buffered.count, !chunks.isComplete {
      if chunks.dataLeft > 0 {
        let count = min(chunks.dataLeft, buffered.count - offset)
        body.append(contentsOf: buffered.bytes(offset..<offset + count))
        chunks.dataLeft -= count
        offset += count
      } else {
        try chunks.take(buffered[offset], roomLeft: bytesMax - body.count)
        offset += 1
      }
    }
    return finish(isComplete: chunks.isComplete, offset)
  }

  private mutating func finish(isComplete: Bool, _ consumed: Int) -> BodyReadResult {
    guard isComplete else { return .needMore(consumed: consumed) }
    let whole = body
    body = []
    return .complete(body: whole, consumed: consumed)
  }
}

/// Everything between the data of chunks (RFC 9112 §7.1), byte by byte.
struct ChunkReader: Sendable {
  private enum Phase {
    /// Hexadecimal digits, and an extension behind them.
    case size, fieldOfSize
    /// A line feed, and nothing else.
    case endOfSize
    /// What follows the data.
    case endOfData, lineFeedOfData
    /// Field lines behind the last chunk, and the empty line that ends them.
    case trailer
    case complete
  }

  /// Bytes of the chunk's data that have not come.
  var dataLeft = 0
  private var phase = Phase.size
  private var size = 0
  private var digits = 0
  private var extensionBytes = 0
  private var trailer: [UInt8] = []
  private var lines: [Range<Int>] = []
  private var lineStart = 0

  var isComplete: Bool { phase == .complete }

  /// Takes one byte; `roomLeft` is what a chunk may still have.
  mutating func take(_ byte: UInt8, roomLeft: Int) throws(HTTPFault) {
    switch phase {
    case .size: try takeSize(byte, roomLeft)
    case .fieldOfSize: try takeExtension(byte)
    case .endOfSize:
      try Self.require(byte == ASCII.lineFeed, .badLineEnd)
      dataLeft = size
      phase = size == 0 ? .trailer : .endOfData
      (size, digits) = (0, 0)
    case .endOfData:
      // A chunk of another size than it said.
      try Self.require(byte == ASCII.carriageReturn, .badChunk)
      phase = .lineFeedOfData
    case .lineFeedOfData:
      try Self.require(byte == ASCII.lineFeed, .badLineEnd)
      phase = .size
    case .trailer: try takeTrailer(byte)
    case .complete: break
    }
  }

  private mutating func takeSize(_ byte: UInt8, _ roomLeft: Int) throws(HTTPFault) {
    if let value = byte.hexadecimalValue {
      digits += 1
      // Told before it can leave the range of `Int`, and before any of the data.
      try Self.require(digits <= HTTPLimits.chunkSizeDigitsMax, .badChunk)
      size = size << 4 | Int(value)
      return try Self.require(size <= roomLeft, .bodyTooLarge)
    }
    try Self.require(digits > 0, .badChunk)
    switch byte {
    case ASCII.semicolon: phase = .fieldOfSize
    case ASCII.carriageReturn: phase = .endOfSize
    case ASCII.lineFeed: throw .badLineEnd
    default: throw .badChunk
    }
  }

  /// RFC 9112 §7.1.1: extensions are ignored, and their length is to be limited. A line feed or a
  /// lone carriage return in one would end the line for some readers.
  private mutating func takeExtension(_ byte: UInt8) throws(HTTPFault) {
    if byte == ASCII.carriageReturn {
      phase = .endOfSize
      return
    }
    try Self.require(byte != ASCII.lineFeed, .badLineEnd)
    try Self.require(!byte.isControl, .controlByte)
    extensionBytes += 1
    try Self.require(extensionBytes <= HTTPLimits.chunkExtensionBytesMax, .badChunk)
  }

  /// RFC 9112 §7.1.2: trailers may be discarded; they have to be field lines all the same.
  private mutating func takeTrailer(_ byte: UInt8) throws(HTTPFault) {
    let isAfterReturn = trailer.count > lineStart && trailer.last == ASCII.carriageReturn
    if isAfterReturn || byte == ASCII.lineFeed {
      try Self.require(isAfterReturn && byte == ASCII.lineFeed, .badLineEnd)
      let line = lineStart..<trailer.count - 1
      trailer.append(byte)
      lineStart = trailer.count
      if !line.isEmpty { return lines.append(line) }
      _ = try HTTPFields.parse(trailer.span, lines[...])
      phase = .complete
      return trailer = []
    }
    try Self.require(!byte.isControl || byte == ASCII.carriageReturn, .controlByte)
    try Self.require(!byte.isBlank || trailer.count > lineStart, .obsoleteFold)
    trailer.append(byte)
    try Self.require(trailer.count <= HTTPLimits.trailerBytesMax, .headTooLarge)
  }

  private static func require(_ holds: Bool, _ fault: HTTPFault) throws(HTTPFault) {
    guard holds else { throw fault }
  }
}
