// What each user may pass in a second, over all loops.

internal import NetTypes
internal import Synchronization
internal import TURN

/// A lock that is taken at the beginning and the end of an allocation; packets meet the accounts.
final class SharedBandwidth: UserBandwidth {
  /// One user's two buckets: a word each, so that loops take from them without a lock.
  private final class Account: BandwidthAccount {
    private let limit: Bandwidth
    private let fromClient = Atomic<Int64>(0)
    private let toClient = Atomic<Int64>(0)

    init(_ limit: Bandwidth) { self.limit = limit }

    func take(_ bytes: Int, _ direction: Direction, now: Instant) -> Bool {
      switch direction {
      case .fromClient: take(bytes, fromClient, now)
      case .toClient: take(bytes, toClient, now)
      }
    }

    private func take(_ bytes: Int, _ bucket: borrowing Atomic<Int64>, _ now: Instant) -> Bool {
      var level = bucket.load(ordering: .relaxed)
      while let next = limit.level(level, after: bytes, now: now) {
        let (exchanged, original) = bucket.weakCompareExchange(
          expected: level, desired: next, ordering: .relaxed)
        if exchanged { return true }
        level = original
      }
      return false
    }
  }

  private struct Holding {
    let account: Account
    var allocations: Int
  }

  private let limit: Bandwidth
  private let holdings = Mutex<[String: Holding]>([:])

  init(_ limit: Bandwidth) { self.limit = limit }

  func open(_ user: String) -> any BandwidthAccount {
    holdings.withLock { holdings in
      let account = holdings[user]?.account ?? Account(limit)
      holdings[user, default: Holding(account: account, allocations: 0)].allocations += 1
      return account
    }
  }

  func close(_ user: String) {
    holdings.withLock { holdings in
      guard let held = holdings[user]?.allocations else { return }
      if held > 1 { holdings[user]?.allocations = held - 1 } else { holdings[user] = nil }
    }
  }
}
