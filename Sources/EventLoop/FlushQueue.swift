// Streams that have put off writing to the end of their loop's turn, and how many get theirs when.

/// How soon what a stream has put off is written.
public enum FlushUrgency: Sendable {
  /// At the end of this turn of the loop.
  case prompt
  /// A slice of all such streams in each turn, in the order in which they were put off: for what
  /// goes to very many at once, so that nobody else waits for it.
  case bulk
}

/// The streams of one loop that have put off writing. What a stream has queued leaves in order and
/// at once, whatever the urgency of its parts was.
struct FlushQueue {
  /// What a stream remembers of its places here.
  struct Entry {
    fileprivate var isPrompt = false
    fileprivate var isBulk = false
  }

  /// Streams that are written to between two looks at what is ready: some 5 µs each.
  static let bulkPerTurn = 64

  private var prompt: [ByteStream] = []
  /// Memory for the next ones: there are some in nearly every turn.
  private var spare: [ByteStream] = []
  private var bulk: [ByteStream] = []
  /// How far ``bulk`` is done with.
  private var bulkDone = 0

  var isEmpty: Bool { prompt.isEmpty && bulkDone == bulk.count }

  mutating func add(_ stream: ByteStream, _ urgency: FlushUrgency) {
    switch urgency {
    case .prompt:
      guard !stream.flushEntry.isPrompt else { return }
      stream.flushEntry.isPrompt = true
      prompt.append(stream)
    case .bulk:
      guard !stream.flushEntry.isPrompt, !stream.flushEntry.isBulk else { return }
      stream.flushEntry.isBulk = true
      bulk.append(stream)
    }
  }

  /// All that are prompt; to be given back when they are written to.
  mutating func takePrompt() -> [ByteStream] {
    guard !prompt.isEmpty else { return [] }
    let taken = prompt
    prompt = spare
    spare = []
    for stream in taken { stream.flushEntry.isPrompt = false }
    return taken
  }

  /// Takes back the memory of what `takePrompt` gave.
  mutating func giveBack(_ streams: consuming [ByteStream]) {
    guard streams.capacity > spare.capacity else { return }
    streams.removeAll(keepingCapacity: true)
    spare = streams
  }

  /// The next of the others that has something to write.
  mutating func takeBulk() -> ByteStream? {
    while bulkDone < bulk.count {
      let stream = bulk[bulkDone]
      bulkDone += 1
      if bulkDone == bulk.count {
        bulk.removeAll(keepingCapacity: bulk.capacity <= Self.bulkPerTurn)
        bulkDone = 0
      }
      stream.flushEntry.isBulk = false
      // It may have been written to or closed meanwhile.
      if stream.queuedBytes > 0 { return stream }
    }
    return nil
  }

  /// The stream leaves the loop.
  mutating func remove(_ stream: ByteStream) {
    if stream.flushEntry.isPrompt { prompt.removeAll { $0 === stream } }
    if stream.flushEntry.isBulk {
      bulk.removeFirst(bulkDone)
      bulkDone = 0
      bulk.removeAll { $0 === stream }
    }
    stream.flushEntry = Entry()
  }
}
