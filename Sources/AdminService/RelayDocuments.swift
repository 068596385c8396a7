// The relay's snapshot as the documents of the admin endpoint.

internal import AdminAPI
internal import Gate
internal import NetTypes
internal import RelayService
internal import TURN

extension AllocationsDocument {
  init(_ snapshot: RelaySnapshot, max: Int) {
    self.init()
    // The identifier only makes the order of equals the same each time.
    let oldestFirst = snapshot.allocations.sorted {
      ($1.age, $0.id.high, $0.id.low) < ($0.age, $1.id.high, $1.id.low)
    }
    allocations = oldestFirst.prefix(max).map { AllocationDocument($0) }
    if oldestFirst.count > max { omitted = oldestFirst.count - max }
  }
}

extension AllocationDocument {
  init(_ record: AllocationRecord) {
    self.init()
    id = record.id.text
    username = record.username
    client = record.fiveTuple.client.text
    relay = record.relayAddresses.first?.text ?? ""
    otherRelay = record.relayAddresses.dropFirst().first?.text
    transport = record.fiveTuple.transport.text
    ageSeconds = record.age.components.seconds
    expiresInSeconds = record.timeToLive.components.seconds
    permissions = record.permissions
    channels = record.channels
    fromClient = TrafficDocument(record.counters.fromClient)
    toClient = TrafficDocument(record.counters.toClient)
    fromPeer = TrafficDocument(record.counters.fromPeers)
    toPeer = TrafficDocument(record.counters.toPeers)
    drops = record.counters.drops
  }
}

extension TrafficDocument {
  init(_ traffic: Traffic) { self.init(packets: traffic.packets, bytes: traffic.bytes) }
}

extension ClosedDocument {
  init(_ counters: AllocationCounters) {
    self.init()
    fromClient = TrafficDocument(counters.fromClient)
    toClient = TrafficDocument(counters.toClient)
    fromPeer = TrafficDocument(counters.fromPeers)
    toPeer = TrafficDocument(counters.toPeers)
    drops = counters.drops
  }
}

extension StreamsDocument {
  init(_ figures: StreamFigures) {
    self.init()
    accepted = figures.accepted
    live = figures.live
    ended = figures.ended
    refused = figures.gate.refused
  }
}

extension DTLSDocument {
  init(_ figures: DTLSFigures) {
    self.init()
    established = figures.established
    live = figures.live
    handshakes = figures.handshakes
    drops = figures.drops
  }
}

extension RelayStatsDocument {
  init(_ snapshot: RelaySnapshot) {
    self.init()
    receivedFromClients = snapshot.receivedFromClients
    receivedFromPeers = snapshot.receivedFromPeers
    overflowsFromClients = snapshot.overflowsFromClients
    overflowsFromPeers = snapshot.overflowsFromPeers
    drops = snapshot.drops
    unusable = snapshot.unusable
    bindingRequests = snapshot.bindingRequests
    requests = snapshot.requests
    errors = snapshot.errors.named { String($0) }
    allocationsCreated = snapshot.allocationsCreated
    allocationsLive = snapshot.allocations.count
    sendFailures = snapshot.sendFailures
    streams = StreamsDocument(snapshot.streams)
    dtls = DTLSDocument(snapshot.dtls)
    closed = ClosedDocument(snapshot.ended)
  }
}

extension Dictionary {
  /// The same counts under the words that programs see.
  func named(_ name: (Key) -> String) -> [String: Value] {
    [String: Value](uniqueKeysWithValues: map { (name($0.key), $0.value) })
  }
}
