// How many connections there are that have proved nothing yet, in all and by source.

public import NetTypes
internal import Synchronization

/// Counts connections from their accept until they have proved something: that they know a
/// credential (an allocation), or that they speak HTTP, which has limits of its own. Shared by all
/// loops; asked at the beginning and the end of a connection only.
public final class HalfOpen: Sendable {
  /// Of all of them, what one source may have: many for an office behind one address, few of all.
  static let sourceShare = 16

  private struct Counts {
    var all = 0
    var bySource: [IPAddress: Int] = [:]
  }

  let max: Int
  let perSourceMax: Int
  private let counts = Mutex(Counts())

  /// - Parameters:
  ///   - max: half-open connections at a time, at least 1.
  ///   - perSourceMax: of one source; a 16th of all when not given.
  public init(max: Int, perSourceMax: Int? = nil) {
    precondition(max >= 1)
    self.max = max
    self.perSourceMax = perSourceMax ?? Swift.max(1, max / Self.sourceShare)
  }

  /// An IPv4 address; of IPv6 the /64, which one host has all of.
  private static func source(_ ip: IPAddress) -> IPAddress {
    ip.family == .v4 ? ip : IPAddress(v6High: ip.high, low: 0)
  }

  /// A place among all, of no source yet; `nil` when there is none.
  public func enter() -> HalfOpenPlace? {
    let isFree = counts.withLock { counts in
      guard counts.all < max else { return false }
      counts.all += 1
      return true
    }
    return isFree ? HalfOpenPlace(self) : nil
  }

  /// Counts a place for a source as well; `false` when that has as many as it may.
  fileprivate func claim(_ ip: IPAddress) -> Bool {
    counts.withLock { counts in
      guard counts.bySource[Self.source(ip), default: 0] < perSourceMax else { return false }
      counts.bySource[Self.source(ip), default: 0] += 1
      return true
    }
  }

  fileprivate func leave(_ ip: IPAddress?) {
    counts.withLock { counts in
      counts.all -= 1
      guard let ip, let count = counts.bySource[Self.source(ip)] else { return }
      counts.bySource[Self.source(ip)] = count == 1 ? nil : count - 1
    }
  }

  /// How many there are.
  public var count: Int { counts.withLock { $0.all } }
  /// How many sources have some.
  var sources: Int { counts.withLock { $0.bySource.count } }
}

/// A connection's place; it is given back once, at the latest when nobody has it any more. It
/// belongs to the loop that has the connection: hence `@unchecked Sendable`.
public final class HalfOpenPlace: @unchecked Sendable {
  private let owner: HalfOpen
  private var source: IPAddress?
  private var isHeld = true

  fileprivate init(_ owner: HalfOpen) { self.owner = owner }

  deinit { release() }

  /// Counts it for a source too, once; `false` when that has as many as it may.
  public func claim(_ ip: IPAddress) -> Bool {
    precondition(source == nil)
    guard owner.claim(ip) else { return false }
    source = ip
    return true
  }

  /// The connection has proved something, or is gone.
  public func release() {
    guard isHeld else { return }
    isHeld = false
    owner.leave(source)
  }
}
