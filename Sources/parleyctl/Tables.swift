// What people see of rooms, members and allocations.

import AdminAPI

enum Tables {
  /// Characters of a user name that are shown: they can have 508 bytes.
  private static let userCharactersMax = 32
  /// Of an identifier: enough to find it in the log.
  private static let identifierCharacters = 8

  static func text(_ document: RoomsDocument) -> String {
    guard !document.rooms.isEmpty else { return "Nobody is in a room." }
    let hasTenants = document.rooms.contains { !$0.tenant.isEmpty }
    var table = Table(
      (hasTenants ? [.left("TENANT")] : []) + [
        .left("ROOM"), .right("PEERS"), .right("SUSPENDED"), .right("OPEN FOR"),
        .right("LAST HEARD"), .right("FROM PEERS"), .right("TO PEERS"), .right("QUEUED"),
      ])
    for room in document.rooms {
      table.rows.append(
        (hasTenants ? [Figures.printable(room.tenant)] : []) + [
          Figures.printable(room.room), String(room.peers), String(room.suspended),
          Figures.age(room.openSeconds), Figures.age(room.lastHeardSecondsAgo) + " ago",
          String(room.received), String(room.sent),
          Figures.bytes(UInt64(clamping: room.queuedBytes)),
        ])
    }
    return table.text + more(document.omitted)
  }

  static func text(_ document: DrainDocument) -> String {
    "Draining: \(document.allocations) allocations are left; it ends in"
      + " \(Figures.age(document.deadlineSeconds)) at the latest."
  }

  /// - Parameter done: what became of the peers.
  static func text(_ document: ChangeDocument, _ done: String) -> String {
    "\(document.peers) \(document.peers == 1 ? "peer was" : "peers were") \(done)."
  }

  static func text(_ document: RoomDocument) -> String {
    var table = Table([
      .left("PEER"), .left("NAME"), .left("STATE"), .right("JOINED"), .right("LAST HEARD"),
      .right("ROUND TRIP"), .right("QUEUE"), .left("LAST ERROR"), .left("PATHS"),
      .left("FROM PEER"), .left("TO PEER"),
    ])
    for member in document.members {
      table.rows.append([
        Figures.printable(member.peer), Figures.printable(member.name), state(of: member),
        Figures.age(member.joinedSecondsAgo) + " ago",
        Figures.age(member.lastHeardSecondsAgo) + " ago",
        member.roundTripMs.map { "\($0) ms" } ?? "-", queue(of: member),
        Figures.printable(member.lastError ?? "-"), paths(of: member),
        Figures.counts(member.received), Figures.counts(member.sent),
      ])
    }
    return table.text
  }

  /// `connected`, `suspended 12s`; with the role in front, where there is one.
  private static func state(of member: MemberDocument) -> String {
    let since = member.suspendedSeconds.map { " " + Figures.age($0) } ?? ""
    let role = member.role.map { Figures.printable($0) + ", " } ?? ""
    return role + Figures.printable(member.state) + since
  }

  /// `3, 1.2 kB`; `-` for nothing.
  private static func queue(of member: MemberDocument) -> String {
    guard member.queuedMessages > 0 else { return "-" }
    return "\(member.queuedMessages), \(Figures.bytes(UInt64(clamping: member.queuedBytes)))"
  }

  /// `p3h8c5tnye host/relay udp`; `-` for nothing.
  private static func paths(of member: MemberDocument) -> String {
    let parts = member.pairs.map {
      Figures.printable("\($0.peer) \($0.local)/\($0.remote) \($0.transport)")
    }
    return parts.isEmpty ? "-" : parts.joined(separator: ", ")
  }

  static func text(_ document: AllocationsDocument) -> String {
    guard !document.allocations.isEmpty else { return "Nobody uses the relay." }
    var table = Table([
      .left("ID"), .left("USER"), .left("CLIENT"), .left("RELAY"), .right("AGE"),
      .right("EXPIRES"), .right("PERMS"), .right("CHANNELS"), .right("FROM CLIENT"),
      .right("TO PEERS"), .right("FROM PEERS"), .right("TO CLIENT"), .right("DROPS"),
    ])
    for allocation in document.allocations {
      table.rows.append([
        Figures.printable(String(allocation.id.prefix(identifierCharacters))),
        Figures.shortened(Figures.printable(allocation.username), to: userCharactersMax),
        Figures.printable(allocation.client), Figures.printable(allocation.relay),
        Figures.age(allocation.ageSeconds), Figures.age(allocation.expiresInSeconds),
        String(allocation.permissions), String(allocation.channels),
        Figures.bytes(allocation.fromClient.bytes), Figures.bytes(allocation.toPeer.bytes),
        Figures.bytes(allocation.fromPeer.bytes), Figures.bytes(allocation.toClient.bytes),
        String(allocation.drops),
      ])
    }
    return table.text + more(document.omitted)
  }

  private static func more(_ omitted: Int?) -> String {
    omitted.map { "\n… and \($0) more" } ?? ""
  }
}
