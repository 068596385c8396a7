// How allocations and reservations end: in time, on request, or with the server.

internal import NetTypes

extension TURNServer {
  /// The timer of a relay fired: its owner's time may be over, or have been extended.
  mutating func expire(relayAt index: Int, now: Instant, effects: inout [Effect]) {
    guard let relay = relays.handle(at: index) else { return }
    switch relays[relay]?.owner {
    case .allocation(let handle):
      guard let expiresAt = allocations[handle]?.expiresAt else { return }
      if expiresAt <= now {
        end(handle, now: now, effects: &effects)
      } else {
        timers.schedule(index, at: expiresAt)
      }
    case .reserved(_, _, let until):
      if until <= now {
        endReservation(relay, now: now, effects: &effects)
      } else {
        timers.schedule(index, at: until)
      }
    case .opening, nil: break
    }
  }

  /// Takes an allocation out of every table and tells its final counters.
  mutating func end(_ handle: SlabHandle, now: Instant, effects: inout [Effect]) {
    for connection in allocations[handle]?.connections ?? [] {
      fail(connection, now: now, effects: &effects)
    }
    guard let allocation = allocations.remove(handle) else { return }
    byFiveTuple.remove(hashKey.hash(allocation.fiveTuple), slot: Int(handle.index))
    quota?.release(allocation.account)
    bandwidth?.close(allocation.account)
    statistics.ended = statistics.ended + allocation.counters
    release(allocation.relay, now: now, effects: &effects)
    effects.append(.ended(Self.record(allocation, now: now)))
  }

  /// Closes a relay and gives its port back.
  mutating func release(_ relay: SlabHandle, now: Instant, effects: inout [Effect]) {
    guard let address = relays.remove(relay)?.address else { return }
    ports?.free(address, now: now)
    effects.append(.closeRelay(relay))
  }
}
