// How many allocations each user has, over all loops.

internal import Synchronization
internal import TURN

/// A lock that is taken at the beginning and the end of an allocation, and by nothing else.
final class SharedQuota: AllocationQuota {
  private struct Counts {
    var total = 0
    var byUser: [String: Int] = [:]
  }

  private let counts = Mutex(Counts())
  private let perUser: Int?
  private let total: Int

  init(perUser: Int?, total: Int) {
    self.perUser = perUser
    self.total = total
  }

  /// How many there are.
  var held: Int { counts.withLock { $0.total } }

  func reserve(_ account: String) -> Bool {
    counts.withLock { counts in
      let held = counts.byUser[account, default: 0]
      guard counts.total < total, perUser.map({ held < $0 }) ?? true else { return false }
      counts.total += 1
      counts.byUser[account] = held + 1
      return true
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
