// What was sent in a session and not acknowledged yet.

internal import NetTypes

/// How many messages had to go for a new one: those too many, and those of too many bytes.
struct Dropped: Equatable {
  var messages = 0
  var forBytes = 0
}

/// The newest messages of a session, bounded in number, bytes and age. Payloads are shared with
/// whoever else gets them; an empty ring holds no memory.
struct ReplayRing: Sendable {
  private struct Entry: Sendable {
    let message: ServerMessage
    let bytes: Int32
    let sent: Instant
  }

  private var entries: [Entry] = []
  /// Where the oldest one is; what is before it has gone.
  private var head = 0
  /// Bytes of all messages that are kept.
  private(set) var bytes = 0
  /// The number of the oldest message that is kept; of the next one where none is.
  private(set) var first: Int64

  /// An empty one, for messages from the number `first` on.
  init(first: Int64) { self.first = first }

  /// Messages that are kept.
  var count: Int { entries.count - head }
  var isEmpty: Bool { entries.isEmpty }

  /// Keeps the message that has the next number, and as many of those before as may be kept with
  /// it.
  mutating func append(
    _ message: ServerMessage, now: Instant, limits: ReplayLimits
  ) -> Dropped {
    var dropped = Dropped()
    let size = message.byteCount
    entries.append(Entry(message: message, bytes: Int32(clamping: size), sent: now))
    bytes += size
    while count > limits.messagesMax {
      removeFirst(1)
      dropped.messages += 1
    }
    while bytes > limits.bytesMax, !isEmpty {
      removeFirst(1)
      dropped.forBytes += 1
    }
    return dropped
  }

  /// Forgets what has the number `number` or a lower one.
  mutating func acknowledge(_ number: Int64) {
    if first <= number { removeFirst(min(count, Int(number - first + 1))) }
  }

  /// Forgets what was sent until `instant`; how many messages that were.
  mutating func age(until instant: Instant) -> Int {
    let aged = entries[head...].prefix { $0.sent <= instant }.count
    removeFirst(aged)
    return aged
  }

  /// What follows the number `number`; nil when some of it is no longer kept.
  func messages(after number: Int64) -> [ServerMessage]? {
    guard first <= number + 1 else { return nil }
    let skipped = head + Int(number + 1 - first)
    return skipped >= entries.count ? [] : entries[skipped...].map(\.message)
  }

  private mutating func removeFirst(_ gone: Int) {
    for index in head..<head + gone { bytes -= Int(entries[index].bytes) }
    head += gone
    first += Int64(gone)
    if head == entries.count {
      entries = []
      head = 0
    } else if head >= 32, head * 2 >= entries.count {
      entries.removeFirst(head)
      head = 0
    }
  }
}
