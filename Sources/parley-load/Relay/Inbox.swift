// What one receiver hears of the one sender whose packets it expects.

struct Inbox {
  /// As in ``NumberedPayload``.
  let sender: UInt32
  var tracker: SequenceTracker

  init(from sender: UInt32, packets: Int) {
    self.sender = sender
    tracker = SequenceTracker(capacity: packets)
  }

  /// The number under which client `index` sends.
  static func client(_ index: Int) -> UInt32 { UInt32(2 * index) }

  /// The number under which the peer of client `index` sends.
  static func peer(of index: Int) -> UInt32 { UInt32(2 * index + 1) }
}
