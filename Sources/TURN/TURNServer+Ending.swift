// How allocations and reservations end: in time, on request, or with the server.

internal import NetTypes

extension TURNServer {
  /// The timer of a relay fired: its owner's time may be over, or have been extended.
  mutating func expire(relayAt index: Int, now: Instant, effects: inout [Effect]) {
    guard let handle = relays.handle(at: index), let relay = relays[handle] else { return }
    switch relay.owner {
    case .allocation(let allocation):
      let family = relay.address.ip.family
      guard let until = allocations[allocation]?.ends[family]?.expiresAt else { return }
      if until <= now {
        end(family, of: allocation, now: now, effects: &effects)
      } else {
        timers.schedule(index, at: until)
      }
    case .reserved(_, _, let until):
      if until <= now {
        endReservation(handle, now: now)
      } else {
        timers.schedule(index, at: until)
      }
    case .opening: break
    }
  }

  /// Ends one family of an allocation, and the allocation with its last.
  mutating func end(
    _ family: IPAddress.Family, of handle: SlabHandle, now: Instant, effects: inout [Effect]
  ) {
    guard let ends = allocations[handle]?.ends, let relay = ends[family]?.relay else { return }
    guard ends.count > 1 else { return end(handle, now: now, effects: &effects) }
    let account = allocations.update(handle) { allocation in
      allocation.removeEnd(family)
      return allocation.account
    }
    if let account { quota?.release(account) }
    release(relay, now: now, effects: &effects)
  }

  /// Takes an allocation out of every table and tells its final counters.
  mutating func end(_ handle: SlabHandle, now: Instant, effects: inout [Effect]) {
    for connection in allocations[handle]?.connections ?? [] {
      fail(connection, now: now, effects: &effects)
    }
    unlist(handle)
    guard let allocation = allocations.remove(handle) else { return }
    for end in allocation.ends {
      relays.remove(end.relay)
      effects.append(.closeRelay(end.relay))
    }
    conclude(allocation, now: now, effects: &effects)
  }

  /// Gives back what an allocation held of all loops, and tells its final counters. The one place
  /// where the quota of a whole allocation is released.
  mutating func conclude(_ allocation: Allocation, now: Instant, effects: inout [Effect]) {
    bandwidth?.close(allocation.account)
    statistics.ended = statistics.ended + allocation.counters
    for end in allocation.ends {
      quota?.release(allocation.account)
      ports?.free(end.address, now: now)
    }
    effects.append(.ended(Self.record(allocation, now: now)))
  }

  /// Closes a relay and gives its port back.
  mutating func release(_ relay: SlabHandle, now: Instant, effects: inout [Effect]) {
    guard let address = relays.remove(relay)?.address else { return }
    ports?.free(address, now: now)
    effects.append(.closeRelay(relay))
  }
}
