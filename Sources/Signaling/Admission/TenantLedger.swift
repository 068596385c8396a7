// What tenants use.

public import NetTypes

/// Keeps what each tenant uses within its limits, over all loops of a server.
public protocol TenantLedger: AnyObject {
  /// Takes a place for a member, and for its room where that is new; false when there is none.
  func enter(_ tenant: TenantID, newRoom: Bool, limits: TenantLimits) -> Bool
  /// Gives back a member's place, and that of its room where it was the last.
  func leave(_ tenant: TenantID, lastInRoom: Bool)
  /// Takes allowance for `count` messages at once, to be spent one by one.
  func draw(_ tenant: TenantID, count: Int, at rate: Rate, now: Instant) -> MessageAllowance
}

/// The answer to a tenant that wants to send.
public enum MessageAllowance: Hashable, Sendable {
  /// It may.
  case allowed
  /// Not before so many milliseconds, at least 1.
  case limited(retryAfterMs: Int64)
}

/// What each tenant uses just now.
public struct TenantBook: Sendable {
  private struct Use: Sendable {
    var rooms = 0
    var peers = 0
    var messages: TokenBucket?
  }

  private var uses: [TenantID: Use] = [:]

  /// Nobody uses anything.
  public init() {}

  /// Takes a place for a member, and for its room where that is new; false when there is none.
  public mutating func enter(_ tenant: TenantID, newRoom: Bool, limits: TenantLimits) -> Bool {
    let use = uses[tenant] ?? Use()
    guard use.peers < limits.peersMax ?? .max else { return false }
    guard !newRoom || use.rooms < limits.roomsMax ?? .max else { return false }
    uses[tenant, default: Use()].peers += 1
    if newRoom { uses[tenant]?.rooms += 1 }
    return true
  }

  /// Gives back a member's place, and that of its room where it was the last.
  public mutating func leave(_ tenant: TenantID, lastInRoom: Bool) {
    uses[tenant]?.peers -= 1
    if lastInRoom { uses[tenant]?.rooms -= 1 }
    if uses[tenant]?.peers == 0 { uses[tenant] = nil }
  }

  /// Takes allowance for `count` messages at once.
  public mutating func draw(
    _ tenant: TenantID, count: Int, at rate: Rate, now: Instant
  ) -> MessageAllowance {
    var bucket = uses[tenant]?.messages ?? TokenBucket(now: now)
    defer { uses[tenant]?.messages = bucket }
    switch bucket.take(count, at: rate, now: now) {
    case .allowed: return .allowed
    case .limited(let retryAfterMs): return .limited(retryAfterMs: retryAfterMs)
    }
  }
}

/// The ledger of a server with one loop.
public final class LocalTenantLedger: TenantLedger {
  private var book = TenantBook()

  /// Nobody uses anything.
  public init() {}

  public func enter(_ tenant: TenantID, newRoom: Bool, limits: TenantLimits) -> Bool {
    book.enter(tenant, newRoom: newRoom, limits: limits)
  }

  public func leave(_ tenant: TenantID, lastInRoom: Bool) {
    book.leave(tenant, lastInRoom: lastInRoom)
  }

  public func draw(
    _ tenant: TenantID, count: Int, at rate: Rate, now: Instant
  ) -> MessageAllowance {
    book.draw(tenant, count: count, at: rate, now: now)
  }
}
