// The judgement over a run that has come to rest.

extension DeliveryChecker {
  /// A client at the end of a run.
  public struct Final: Sendable {
    /// Its room.
    public var room: String
    /// What the others call it.
    public var peer: String
    /// Its name for people.
    public var name: String
    /// The last number it used.
    public var lastSent: Int64
    /// Whom it believes to be in the room.
    public var roster: Roster

    /// Somebody who believes in `roster`.
    public init(room: String, peer: String, name: String, lastSent: Int64, roster: Roster) {
      (self.room, self.peer, self.name) = (room, peer, name)
      (self.lastSent, self.roster) = (lastSent, roster)
    }

    /// What `client` believes; nil when it is not in its room.
    public init?(_ client: ProtocolClient) {
      guard client.phase == .inside, let peer = client.peer else { return nil }
      (room, self.peer, name) = (client.room, peer, client.name)
      (lastSent, roster) = (client.lastSent, client.roster)
    }
  }

  /// Everything that was wrong, given those who are in their rooms now that all is quiet.
  public mutating func verdict(_ present: [Final]) -> [String] {
    judgeRosters(present)
    judgeAcknowledgements(present)
    let processed = members.indices.map(lastProcessed)
    for receiver in members.indices { judgeDelivery(to: receiver, processed) }
    for room in Set(members.map(\.room)).sorted() { judgeOrder(in: room) }
    return faults
  }

  // MARK: Rosters

  private mutating func judgeRosters(_ present: [Final]) {
    let rooms = Dictionary(grouping: present, by: \.room)
    for client in present {
      let others = (rooms[client.room] ?? []).filter { $0.peer != client.peer }
      let told = client.roster.peers
      if Set(told.keys) != Set(others.map(\.peer)) {
        faults.append(
          "\(client.peer) believes in \(told.keys.sorted()), "
            + "there are \(others.map(\.peer).sorted())")
      }
      for other in others {
        guard let entry = told[other.peer] else { continue }
        if entry.isSuspended || entry.name != other.name {
          faults.append("\(client.peer) believes \(other.peer) to be \(entry)")
        }
        let seenByIt = other.roster.peers[client.peer]?.order
        let orders = (rooms[client.room] ?? []).compactMap { $0.roster.peers[other.peer]?.order }
        if Set(orders).count > 1 || seenByIt == entry.order {
          faults.append("the order of \(other.peer) is not the same for all: \(orders)")
        }
      }
    }
  }

  private mutating func judgeAcknowledgements(_ present: [Final]) {
    let finals = Dictionary(grouping: present, by: \.peer).compactMapValues(\.first)
    for member in members where member.endedAt == nil {
      guard let last = finals[member.peer]?.lastSent else {
        faults.append("\(member.peer) is not in its room at the end")
        continue
      }
      if member.acknowledged < last {
        faults.append("\(member.peer) knows of \(member.acknowledged) of \(last) at the end")
      }
    }
  }

  // MARK: Delivery

  private mutating func judgeDelivery(to receiver: Int, _ processed: [Int64]) {
    let me = members[receiver]
    var excusedByGap: Int64 = 0
    for sender in members.indices where sender != receiver && members[sender].room == me.room {
      let received = me.received[sender] ?? []
      if zip(received, received.dropFirst()).contains(where: { $0.number >= $1.number }) {
        faults.append(
          "\(me.peer) heard \(received.map(\.number)) of \(members[sender].peer): out of order")
        continue
      }
      excusedByGap += judgePair(members[sender], me, received, processed[sender])
    }
    let missed = me.gaps.reduce(0) { $0 + $1.missed }
    if excusedByGap > missed && !me.gaps.contains(where: { $0.kind == .restart }) {
      faults.append("\(me.peer) misses \(excusedByGap) for gaps of \(missed)")
    }
  }

  /// Everything that one sent to another has to be there or to be excused; how much gaps excused.
  private mutating func judgePair(
    _ sender: Member, _ receiver: Member, _ received: [Received], _ processed: Int64
  ) -> Int64 {
    var next = 0
    var before = receiver.enteredAt
    var excusedByGap: Int64 = 0
    for sent in sender.sent where sent.to == nil || sent.to == receiver.peer {
      if next < received.count && received[next].number == sent.number {
        if sent.isRefused { faults.append("\(sent.payload) was refused, and arrived") }
        before = received[next].at
        next += 1
        continue
      }
      let isLast = next == received.count
      let after = isLast ? receiver.endedAt ?? Int.max : received[next].at
      if sent.isRefused { continue }
      if sender.uncertain.contains(where: { $0.hasLost(sent.number) }) { continue }
      // The end of a session takes with it what was under way to it and from it.
      if isLast && receiver.endedAt != nil { continue }
      if sender.endedAt != nil && sent.number > processed { continue }
      if sent.to == nil && next == 0 && sent.at < receiver.enteredAt { continue }
      let begin = max(before, sent.at)
      if receiver.gaps.contains(where: { begin < $0.at && $0.at < after }) {
        excusedByGap += 1
        continue
      }
      faults.append(
        "\(receiver.peer) never heard \(sent.payload), number \(sent.number) of \(sender.peer)")
    }
    return excusedByGap
  }

  /// The last number that the server certainly got: it said so, or passed on what came with it.
  private func lastProcessed(_ sender: Int) -> Int64 {
    members.reduce(members[sender].acknowledged) { last, member in
      max(last, member.received[sender]?.last?.number ?? 0)
    }
  }

  // MARK: Order

  /// There has to be one order that agrees with what each member saw: the graph of what came next
  /// to what has no circle.
  private mutating func judgeOrder(in room: String) {
    var indices: [RoomItem: Int] = [:]
    var followers: [[Int]] = []
    var predecessors: [Int] = []
    for member in members where member.room == room {
      var last: Int?
      for item in member.seen {
        let index = indices[item] ?? followers.count
        if index == followers.count {
          indices[item] = index
          followers.append([])
          predecessors.append(0)
        }
        if let last {
          followers[last].append(index)
          predecessors[index] += 1
        }
        last = index
      }
    }
    var ready = predecessors.indices.filter { predecessors[$0] == 0 }
    var sorted = 0
    while let item = ready.popLast() {
      sorted += 1
      for follower in followers[item] {
        predecessors[follower] -= 1
        if predecessors[follower] == 0 { ready.append(follower) }
      }
    }
    if sorted < predecessors.count {
      let circle = indices.filter { predecessors[$0.value] > 0 }.map { "\($0.key)" }.sorted()
      faults.append("\(room): no one order of \(circle.prefix(8))")
    }
  }
}

extension Range<Int64> {
  /// Whether a restart may have lost this number: beyond the lower bound, the upper included.
  fileprivate func hasLost(_ number: Int64) -> Bool { lowerBound < number && number <= upperBound }
}
