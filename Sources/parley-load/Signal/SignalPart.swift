// The parts of a signaling run that are told apart when it is disturbed.

/// Messages by half of the run, and by whether they are in the room of a possible offender.
enum SignalPart: Int, CaseIterable, Sendable {
  case beforeSame, beforeOther, duringSame, duringOther

  var key: String {
    switch self {
    case .beforeSame: "before_same"
    case .beforeOther: "before_other"
    case .duringSame: "during_same"
    case .duringOther: "during_other"
    }
  }

  var label: String {
    switch self {
    case .beforeSame: "before, same room"
    case .beforeOther: "before, other rooms"
    case .duringSame: "during, same room"
    case .duringOther: "during, other rooms"
    }
  }
}

extension SignalOptions {
  /// Whether message `number` of a peer belongs to the second half.
  func isLate(_ number: Int) -> Bool { number >= messagesEach / 2 }

  /// Room 0 is the one that an offender is in.
  func part(of number: Int, room: Int) -> SignalPart {
    switch (isLate(number), room == 0) {
    case (false, true): .beforeSame
    case (false, false): .beforeOther
    case (true, true): .duringSame
    case (true, false): .duringOther
    }
  }
}
