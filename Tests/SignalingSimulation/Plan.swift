// What a seed makes of a run: how many clients, how long, which bounds, how bad a network.

internal import NetTypes
internal import Signaling
internal import SignalingTesting

/// The constants of one run.
struct Plan {
  let rooms: Int
  let clients: Int
  let limits: SignalingLimits
  let habits: ProtocolClient.Habits
  /// Bytes that may wait for one client.
  let queuedBytesMax: Int
  /// Bytes by which a signal may be longer than its number.
  let paddingMax: Int
  /// For how long clients act and the network fails; afterwards all heals.
  let unrest: Duration
  let actions: Int
  /// Of a hundred connections, those that are made to be cut at a certain frame.
  let trappedPercent: Int
  /// One way, in nanoseconds.
  let delay: ClosedRange<Int64>
  let restarts: Int

  init(_ random: inout SeededRandom) {
    let size = Self.size(&random)
    rooms = size > 15 ? 1 : Int(random.within(1...2))
    clients = rooms * size
    limits = Self.limits(&random, clients: clients)
    habits = Self.habits(limits, &random)
    paddingMax = random.chance(20) ? 3_000 : 200
    queuedBytesMax = limits.replay.bytesMax + 40_000
    unrest = .milliseconds(random.within(8_000...30_000))
    actions = 24 + clients * (clients > 15 ? 3 : 6)
    trappedPercent = [20, 50, 80][random.below(3)]
    let slowest = random.within(2...150)
    delay = 1_000_000...(slowest * 1_000_000)
    restarts = random.chance(25) ? Int(random.within(1...2)) : 0
  }

  /// How long it takes at most until everybody is back and everybody else is given up.
  var rest: Duration {
    limits.silenceMax
      + .milliseconds(limits.resumeWindowMs + limits.settlingMs + limits.presenceDelayMs)
      + habits.patience * 3 + .seconds(8)
  }

  private static func size(_ random: inout SeededRandom) -> Int {
    switch random.below(100) {
    case 0..<30: 2
    case 30..<80: Int(random.within(3...6))
    case 80..<96: Int(random.within(7...15))
    default: Int(random.within(16...50))
    }
  }

  private static func limits(
    _ random: inout SeededRandom, clients: Int
  ) -> SignalingLimits {
    var limits = SignalingLimits()
    let anything = Rate(perSecond: 1_000_000, burst: 1_000_000)
    limits.rates.candidate = anything
    limits.rates.description = anything
    limits.rates.message = anything
    limits.rates.other = anything
    limits.roomDeliveries = anything
    limits.peersPerRoomMax = 1_000
    limits.heartbeatMs = random.within(1_000...4_000)
    limits.resumeWindowMs = random.within(3_000...10_000)
    limits.settlingMs = random.within(2_000...6_000)
    limits.joinTimeoutMs = 5_000
    limits.replay.messagesMax = random.chance(50) ? 256 : Int(random.within(6...40))
    limits.replay.bytesMax = random.chance(70) ? 60_000 : Int(random.within(2_000...10_000))
    limits.replay.ageMaxMs = random.chance(90) ? 60_000 : random.within(2_000...8_000)
    limits.presenceAtOnceMax = random.chance(60) ? 32 : Int(random.within(0...6))
    // With many clients there would never be quiet.
    let isAging = clients < 5 && random.chance(30)
    limits.connectionAgeMaxMs = isAging ? random.within(5_000...12_000) : nil
    limits.returnSpreadMs = 500
    return limits
  }

  private static func habits(
    _ limits: SignalingLimits, _ random: inout SeededRandom
  ) -> ProtocolClient.Habits {
    var habits = ProtocolClient.Habits()
    habits.patience = .milliseconds(random.within(1_000...3_000))
    habits.messagesPerPing = Int(random.within(3...64))
    habits.pingsOnEntry = random.chance(50)
    habits.resentTooMany = random.chance(30) ? 3 : 0
    habits.forgets = random.chance(30) ? random.within(1...5) : 0
    return habits
  }
}
