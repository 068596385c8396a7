// The report of signaling as the documents of the admin endpoint.

internal import AdminAPI
internal import Gate
internal import NetTypes
internal import Signaling
internal import SignalingService

extension RoomsDocument {
  init(_ report: SignalingReport, of tenant: String?, max: Int) {
    self.init()
    let wanted = report.rooms.filter { tenant == nil || $0.tenant.text == tenant }
    rooms = wanted.prefix(max).map { RoomSummaryDocument($0, now: report.now) }
    if wanted.count > max { omitted = wanted.count - max }
  }
}

extension RoomSummaryDocument {
  init(_ snapshot: RoomSnapshot, now: Instant) {
    self.init()
    tenant = snapshot.tenant.text
    room = snapshot.name.text
    peers = snapshot.members.count
    suspended = snapshot.members.count { $0.isSuspended }
    openSeconds = snapshot.members.map { $0.joined.seconds(until: now) }.max() ?? 0
    lastHeardSecondsAgo = snapshot.members.map { $0.lastHeard.seconds(until: now) }.min() ?? 0
    received = snapshot.members.reduce(0) { $0 + $1.received.values.reduce(0, +) }
    sent = snapshot.members.reduce(0) { $0 + $1.sent.values.reduce(0, +) }
    queuedBytes = snapshot.members.reduce(0) { $0 + $1.waitingBytes }
  }
}

extension RoomDocument {
  /// The rooms that are meant: several when tenants have some of one name and none was named.
  static func all(_ report: SignalingReport, _ target: RoomTarget) -> [RoomDocument] {
    report.rooms.filter {
      $0.name.text == target.room && (target.tenant == nil || $0.tenant.text == target.tenant)
    }.map { RoomDocument($0, now: report.now) }
  }

  private init(_ snapshot: RoomSnapshot, now: Instant) {
    self.init()
    tenant = snapshot.tenant.text
    room = snapshot.name.text
    members = snapshot.members.map { MemberDocument($0, now: now) }
  }
}

extension MemberDocument {
  init(_ snapshot: MemberSnapshot, now: Instant) {
    self.init()
    peer = snapshot.peer.text
    name = snapshot.profile.name.text
    role = snapshot.profile.role?.text
    switch snapshot.state {
    case .connected: state = "connected"
    case .suspended(let since):
      state = "suspended"
      suspendedSeconds = since.seconds(until: now)
    }
    roundTripMs = snapshot.rttMs
    queuedMessages = snapshot.waitingMessages
    queuedBytes = snapshot.waitingBytes
    pairs = snapshot.pairs.map { PairDocument($0) }
    joinedSecondsAgo = snapshot.joined.seconds(until: now)
    lastHeardSecondsAgo = snapshot.lastHeard.seconds(until: now)
    received = snapshot.received.named(\.rawValue)
    sent = snapshot.sent.named(\.rawValue)
    lastSent = snapshot.lastSent
    acknowledged = snapshot.acknowledged
    lastError = snapshot.lastError?.rawValue
  }
}

extension PairDocument {
  init(_ reported: ReportedPair) {
    self.init(
      peer: reported.peer.text, local: reported.pair.local.rawValue,
      remote: reported.pair.remote.rawValue, transport: reported.pair.transport.rawValue)
  }
}

extension MemberSnapshot {
  fileprivate var isSuspended: Bool {
    if case .suspended = state { true } else { false }
  }
}

extension SignalingStatsDocument {
  init(_ report: SignalingReport) {
    self.init()
    rooms = report.rooms.count
    peers = report.rooms.reduce(0) { $0 + $1.members.count }
    sockets = report.sockets
    accepted = report.service.accepted
    moved = report.service.moved
    joined = report.counters.joined
    left = report.counters.left.named(\.rawValue)
    suspended = report.counters.suspended.named(\.rawValue)
    resumed = report.counters.resumed
    reborn = report.counters.reborn
    stale = report.counters.stale
    gaps = report.counters.gaps.named(\.rawValue)
    replayed = report.counters.replayed
    limited = report.counters.limited.named(\.rawValue)
    relayAsked = report.counters.relayAsked
    pairs = report.counters.pairs.named(\.rawValue)
    received = report.counters.received.byKind.named(\.rawValue)
    sent = report.counters.sent.byKind.named(\.rawValue)
    errors = report.counters.errors.named(\.rawValue)
    lobbyErrors = report.service.lobbyErrors
    drops = report.counters.drops.named(\.rawValue)
    socketDrops = report.service.drops.named(\.rawValue)
    closes = report.counters.closes.named { String($0.rawValue) }
    responses = report.service.responses.named { String($0) }
    httpFaults = report.service.httpFaults
    frameFaults = report.service.frameFaults
    refused = report.gate.refused
  }
}

extension Instant {
  /// Whole seconds; 0 when `now` is of another loop and a little earlier.
  fileprivate func seconds(until now: Instant) -> Int64 {
    max(0, (now - self).components.seconds)
  }
}
