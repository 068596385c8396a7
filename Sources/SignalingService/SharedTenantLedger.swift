// What tenants use, over all loops of the service.

internal import NetTypes
internal import Signaling
internal import Synchronization

/// A ledger for all loops. It is asked when members come and go, and for many messages at once.
final class SharedTenantLedger: TenantLedger, Sendable {
  private let book = Mutex(TenantBook())

  func enter(_ tenant: TenantID, newRoom: Bool, limits: TenantLimits) -> Bool {
    book.withLock { $0.enter(tenant, newRoom: newRoom, limits: limits) }
  }

  func leave(_ tenant: TenantID, lastInRoom: Bool) {
    book.withLock { $0.leave(tenant, lastInRoom: lastInRoom) }
  }

  func draw(
    _ tenant: TenantID, count: Int, at rate: Rate, now: Instant
  ) -> MessageAllowance {
    book.withLock { $0.draw(tenant, count: count, at: rate, now: now) }
  }
}
