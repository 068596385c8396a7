// How often somebody may try in vain: a bound for each address, in a table of fixed size.

public import NetTypes
internal import Synchronization

/// Counts failed joins, failed calls and floods by address, over all loops: what the kernel spreads
/// over them comes from one address all the same. It is asked before anything that costs much.
///
/// After `freeFailures` in `window` each further failure closes the door for a while that doubles.
/// Success changes nothing. Where a set of the table is taken, the entry that is oldest leaves.
public final class FailureThrottle: Sendable {
  /// Failures of one address in one window that cost nothing.
  public static let freeFailures = 10
  /// Counted from the first failure; when it is over, all is forgotten.
  public static let window = Duration.seconds(600)
  /// How long the door is closed at first, and at most.
  public static let delayMin = Duration.milliseconds(100)
  public static let delayMax = Duration.seconds(25)
  private static let ways = 4
  private static let sets = 2_048
  /// Addresses that are remembered.
  public static let addressesMax = ways * sets

  private struct Entry {
    var network: UInt64
    /// When it began.
    var since: Instant
    var failures: Int
    var closedUntil: Instant
  }

  private struct Table {
    var entries: [Entry]
  }

  private let hashKey: HashKey
  private let table: Mutex<Table>

  public init(_ hashKey: HashKey) {
    self.hashKey = hashKey
    let none = Entry(network: .max, since: .zero, failures: 0, closedUntil: .zero)
    table = Mutex(Table(entries: Array(repeating: none, count: Self.addressesMax)))
  }

  /// How long `client` has to wait for its next try; nil when it may try now.
  public func wait(for client: IPAddress, now: Instant) -> Duration? {
    let network = Self.network(of: client)
    let entry = table.withLock { $0.entries[find(network, in: $0)] }
    guard entry.network == network, entry.closedUntil > now else { return nil }
    return entry.closedUntil - now
  }

  /// `client` has tried in vain.
  public func failed(_ client: IPAddress, now: Instant) {
    let network = Self.network(of: client)
    table.withLock { table in
      let index = find(network, in: table)
      var entry = table.entries[index]
      if entry.network != network || now - entry.since >= Self.window {
        entry = Entry(network: network, since: now, failures: 0, closedUntil: now)
      }
      entry.failures += 1
      if entry.failures >= Self.freeFailures {
        entry.closedUntil = now + Self.delay(after: entry.failures)
      }
      table.entries[index] = entry
    }
  }

  private static func delay(after failures: Int) -> Duration {
    // 100 ms doubled eight times is past the longest.
    let doublings = min(failures - freeFailures, 8)
    return min(delayMin * (1 << doublings), delayMax)
  }

  /// The network's entry, or the one of its set that began first.
  private func find(_ network: UInt64, in table: borrowing Table) -> Int {
    let set = Int(truncatingIfNeeded: hashKey.hash(network) % UInt64(Self.sets)) * Self.ways
    var oldest = set
    for index in set..<set + Self.ways {
      if table.entries[index].network == network { return index }
      if table.entries[index].since < table.entries[oldest].since { oldest = index }
    }
    return oldest
  }

  /// A number for what one customer has: an address of IPv4, also where it comes as IPv6
  /// (RFC 4291 §2.5.5.2), a /64 of IPv6. The upper half of IPv4's number is in no assigned block.
  private static func network(of address: IPAddress) -> UInt64 {
    let isMapped = address.family == .v6 && address.high == 0 && address.low >> 32 == 0xffff
    guard address.family == .v4 || isMapped else { return address.high }
    return address.low & 0xffff_ffff | 0xffff_fffe_0000_0000
  }
}
