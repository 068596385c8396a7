// The numbers under which clients and peers send, which stand in each packet.

enum Sender {
  static func client(_ index: Int) -> UInt32 { UInt32(2 * index) }

  static func peer(of index: Int) -> UInt32 { UInt32(2 * index + 1) }

  /// The client that the sender is, or is a peer of.
  static func index(of sender: UInt32) -> Int { Int(sender / 2) }
}
