// What people see of rooms, members and allocations.

import AdminAPI

enum Tables {
  /// Characters of a user name that are shown: they can have 508 bytes.
  private static let userCharactersMax = 32
  /// Of an identifier: enough to find it in the log.
  private static let identifierCharacters = 8

  static func text(_ document: RoomsDocument) -> String {
    guard !document.rooms.isEmpty else { return "Nobody is in a room." }
    var table = Table([
      .left("ROOM"), .right("PEERS"), .right("OPEN FOR"), .right("LAST HEARD"),
      .right("FROM PEERS"), .right("TO PEERS"),
    ])
    for room in document.rooms {
      table.rows.append([
        Figures.printable(room.room), String(room.peers), Figures.age(room.openSeconds),
        Figures.age(room.lastHeardSecondsAgo) + " ago", String(room.received), String(room.sent),
      ])
    }
    return table.text + more(document.omitted)
  }

  static func text(_ document: DrainDocument) -> String {
    "Draining: \(document.allocations) allocations are left; it ends in"
      + " \(Figures.age(document.deadlineSeconds)) at the latest."
  }

  static func text(_ document: RoomDocument) -> String {
    var table = Table([
      .left("PEER"), .left("NAME"), .right("JOINED"), .right("LAST HEARD"), .left("LAST ERROR"),
      .left("FROM PEER"), .left("TO PEER"),
    ])
    for member in document.members {
      table.rows.append([
        Figures.printable(member.peer), Figures.printable(member.name),
        Figures.age(member.joinedSecondsAgo) + " ago",
        Figures.age(member.lastHeardSecondsAgo) + " ago",
        Figures.printable(member.lastError ?? "-"), Figures.counts(member.received),
        Figures.counts(member.sent),
      ])
    }
    return table.text
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
