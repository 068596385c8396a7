// How many allocations each user has, over all loops.

internal import Synchronization
internal import TURN

/// A lock that is taken at the beginning and the end of an allocation, and by nothing else.
final class SharedQuota: AllocationQuota {
  private struct Counts {
    var total = 0
    var byUser: [String: Int] = [:]
    var perUserMax: Int?
    var totalMax: Int
  }

  private let counts: Mutex<Counts>

  init(perUser: Int?, total: Int) {
    counts = Mutex(Counts(perUserMax: perUser, totalMax: total))
  }

  /// Sets other limits. Those who have more keep it.
  func limit(perUser: Int?, total: Int) {
    counts.withLock { counts in
      counts.perUserMax = perUser
      counts.totalMax = total
    }
  }

  /// How many there are.
  var held: Int { counts.withLock { $0.total } }

  func reserve(_ account: String) -> QuotaAnswer {
    counts.withLock { counts in
      let held = counts.byUser[account, default: 0]
      guard counts.perUserMax.map({ held < $0 }) ?? true else { return .accountFull }
      guard counts.total < counts.totalMax else { return .full }
      counts.total += 1
      counts.byUser[account] = held + 1
      return .reserved
    }
  }

  func release(_ account: String) {
    counts.withLock { counts in
      guard let held = counts.byUser[account] else { return }
      counts.total -= 1
      counts.byUser[account] = held > 1 ? held - 1 : nil
    }
  }
}
