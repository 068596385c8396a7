// Finds the lines of a head in bytes that arrive in pieces, looking at each byte once.

/// Splits a head into lines. Its faults come in the order of the bytes, so the outcome does not
/// depend on how the bytes were cut.
struct HeadScanner {
  enum Outcome: Equatable {
    case needMore
    case complete
    case fault(HTTPFault)
  }

  /// Where each line lies in the caller's buffer, without its line end.
  private(set) var lines: [Range<Int>] = []
  /// How far the bytes have been looked at; behind the head once it is complete.
  private(set) var position = 0
  /// Where the start line begins, behind empty lines that were skipped.
  private var headStart = 0
  private var lineStart = 0
  private var emptyLines = 0
  private var awaitsLineFeed = false

  /// Goes on where the last call ended. `buffered` begins with the same bytes as in that call.
  mutating func scan(_ buffered: Span<UInt8>) -> Outcome {
    precondition(buffered.count >= position, "bytes of an unfinished head were dropped")
    while position < buffered.count {
      let byte = buffered[position]
      position += 1
      if awaitsLineFeed {
        // RFC 9112 §2.2: a lone CR is invalid, and a lone LF may be refused. Both are how requests
        // are smuggled past a proxy that reads lines in another way.
        guard byte == ASCII.lineFeed else { return .fault(.badLineEnd) }
        awaitsLineFeed = false
        let outcome = endLine()
        if outcome != .needMore { return outcome }
      } else if let fault = check(byte) {
        return .fault(fault)
      }
      // Told at once, so that a caller's buffer of just this size cannot wait for ever.
      if position - headStart >= HTTPLimits.headBytesMax { return .fault(.headTooLarge) }
    }
    return .needMore
  }

  private mutating func check(_ byte: UInt8) -> HTTPFault? {
    if byte == ASCII.carriageReturn {
      awaitsLineFeed = true
      return nil
    }
    if byte == ASCII.lineFeed { return .badLineEnd }
    if byte.isControl { return .controlByte }
    let offset = position - 1 - lineStart
    if lines.isEmpty {
      return offset >= HTTPLimits.requestLineBytesMax ? .startLineTooLong : nil
    }
    guard offset == 0 else { return nil }
    if byte.isBlank { return .obsoleteFold }
    return lines.count > HTTPLimits.fieldCountMax ? .tooManyFields : nil
  }

  private mutating func endLine() -> Outcome {
    let line = lineStart..<position - 2
    lineStart = position
    if !line.isEmpty {
      lines.append(line)
      return .needMore
    }
    if !lines.isEmpty { return .complete }
    emptyLines += 1
    headStart = position
    return emptyLines > HTTPLimits.leadingEmptyLinesMax ? .fault(.badStartLine) : .needMore
  }
}
