// The report of signaling as the documents of the admin endpoint.

internal import AdminAPI
internal import Gate
internal import NetTypes
internal import Signaling
internal import SignalingService

extension RoomsDocument {
  init(_ report: SignalingReport, max: Int) {
    self.init()
    rooms = report.rooms.prefix(max).map { RoomSummaryDocument($0, now: report.now) }
    if report.rooms.count > max { omitted = report.rooms.count - max }
  }
}

extension RoomSummaryDocument {
  init(_ snapshot: RoomSnapshot, now: Instant) {
    self.init()
    room = snapshot.name.text
    peers = snapshot.members.count
    openSeconds = snapshot.members.map { $0.joined.seconds(until: now) }.max() ?? 0
    lastHeardSecondsAgo = snapshot.members.map { $0.lastHeard.seconds(until: now) }.min() ?? 0
    received = snapshot.members.reduce(0) { $0 + $1.received.values.reduce(0, +) }
    sent = snapshot.members.reduce(0) { $0 + $1.sent.values.reduce(0, +) }
  }
}

extension RoomDocument {
  /// `nil` when there is no such room.
  init?(_ report: SignalingReport, name: String) {
    guard let snapshot = report.rooms.first(where: { $0.name.text == name }) else { return nil }
    self.init()
    room = name
    members = snapshot.members.map { MemberDocument($0, now: report.now) }
  }
}

extension MemberDocument {
  init(_ snapshot: MemberSnapshot, now: Instant) {
    self.init()
    peer = snapshot.peer.text
    name = snapshot.profile.name.text
    joinedSecondsAgo = snapshot.joined.seconds(until: now)
    lastHeardSecondsAgo = snapshot.lastHeard.seconds(until: now)
    received = snapshot.received.named(\.rawValue)
    sent = snapshot.sent.named(\.rawValue)
    lastSent = snapshot.lastSent
    acknowledged = snapshot.acknowledged
    lastError = snapshot.lastError?.rawValue
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
    received = report.counters.received.named(\.rawValue)
    sent = report.counters.sent.named(\.rawValue)
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
