// Who gets which message, so that sender and receiver agree without telling each other.

/// Whom messages are for.
enum FanOut: String, CaseIterable, Sendable {
  /// Every second one for all others, the rest for one of them in turn.
  case both
  /// Each for one, in turn.
  case peer
  /// Each for all others.
  case room
  /// Each comes back to its sender, from a server that knows no rooms.
  case echo

  /// What can be asked for.
  static let choices: [FanOut] = [.both, .peer, .room]
}

/// Numbers count the messages of a peer from 0.
struct SignalSchedule: Sendable {
  /// Peers of a room, at least 2, but for an echo.
  let peers: Int
  let fanOut: FanOut

  private func lane(of number: Int) -> MessageLane {
    switch fanOut {
    case .both: number % 2 == 1 ? .peer : .room
    case .peer, .echo: .peer
    case .room: .room
    }
  }

  /// The peer a message is for; `nil`: all but the sender.
  func target(of number: Int, from sender: Int) -> Int? {
    guard lane(of: number) == .peer else { return nil }
    guard fanOut != .echo else { return sender }
    let turn = fanOut == .both ? number / 2 : number
    return (sender + 1 + turn % (peers - 1)) % peers
  }

  func isDue(_ number: Int, from sender: Int, at receiver: Int) -> Bool {
    if let target = target(of: number, from: sender) { return target == receiver }
    return receiver != sender
  }

  /// How many get a message.
  func receivers(of number: Int) -> Int { lane(of: number) == .peer ? 1 : peers - 1 }

  /// What the arrival of a message is worth to its sender, who may send the next for ``next``: one
  /// for each that has reached everybody it was for.
  func worth(of number: Int) -> Int { next / receivers(of: number) }
  var next: Int { max(1, peers - 1) }
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
