// Who gets which message, so that sender and receiver agree without telling each other.

/// Message 0, 2, 4, … of a peer are for everybody; 1, 3, 5, … for one, the others in turn.
struct SignalSchedule: Sendable {
  /// Peers of a room, at least 2.
  let peers: Int

  /// The peer a message is for; `nil`: all but the sender.
  func target(of number: Int, from sender: Int) -> Int? {
    guard number % 2 == 1 else { return nil }
    return (sender + 1 + number / 2 % (peers - 1)) % peers
  }

  func isDue(_ number: Int, from sender: Int, at receiver: Int) -> Bool {
    guard receiver != sender else { return false }
    return target(of: number, from: sender).map { $0 == receiver } ?? true
  }

  /// How many get a message.
  func receivers(of number: Int) -> Int { number % 2 == 1 ? 1 : peers - 1 }
}

/// Holds what one peer hears from another to the order of sending.
struct SignalLane: Sendable {
  private var last = -1

  /// Whether `number` is higher than all before; a repeated or late one is not.
  mutating func record(_ number: Int) -> Bool {
    guard number > last else { return false }
    last = number
    return true
  }
}
