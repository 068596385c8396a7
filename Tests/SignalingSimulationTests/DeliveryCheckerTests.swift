// The checker of deliveries finds each fault that it promises to find, and no other.

import SignalingTesting
import Testing

/// What clients of one room say of themselves, without any server: ann is 0, bob 1, cid 2, dot 3.
private struct Story {
  var checker = DeliveryChecker()
  private let names = ["ann", "bob", "cid", "dot"]
  private var numbers: [Int64] = [1, 1, 1, 1]
  private var present: [Bool] = [false, false, false, false]

  mutating func note(_ client: Int, _ event: ClientEvent) {
    checker.note(event, of: client, in: "tea")
  }

  mutating func enter(_ clients: Int...) {
    for client in clients {
      note(client, .entered(peer: names[client]))
      present[client] = true
    }
  }

  /// Sends to one, or to everybody; returns the payload.
  mutating func send(_ from: Int, to: Int?) -> Int {
    numbers[from] += 1
    let payload = checker.newPayload()
    let signal = Signal(.message, to: to.map { names[$0] }, payload: payload)
    note(from, .sent(signal, number: numbers[from]))
    return payload
  }

  mutating func hear(_ client: Int, _ payloads: Int..., from: Int = 0) {
    for payload in payloads { note(client, .heard(from: names[from], payload: payload)) }
  }

  mutating func end(_ client: Int) {
    note(client, .ended(peer: names[client]))
    present[client] = false
  }

  /// All that was sent is acknowledged, and all who are present know each other.
  ///
  /// - Parameter stale: someone whom the client of this number believes to be there besides.
  mutating func faults(acknowledged: Bool = true, stale: (Int, String)? = nil) -> [String] {
    var finals: [DeliveryChecker.Final] = []
    for client in names.indices where present[client] {
      if acknowledged { note(client, .acknowledged(numbers[client])) }
      var believed = names.indices.filter { present[$0] && $0 != client }.map { names[$0] }
      if let stale, stale.0 == client { believed.append(stale.1) }
      let peers = believed.map { peer in
        (peer, Roster.Peer(name: peer, order: order(of: peer), isSuspended: false))
      }
      finals.append(
        DeliveryChecker.Final(
          room: "tea", peer: names[client], name: names[client], lastSent: numbers[client],
          roster: Roster(peers)))
    }
    return checker.verdict(finals)
  }

  private func order(of peer: String) -> Int64 { Int64(names.firstIndex(of: peer) ?? 9) }
}

@Suite struct DeliveryCheckerTests {
  @Test func findsNothingWhereAllArrived() {
    var story = Story()
    story.enter(0, 1, 2)
    let (first, all, last) = (
      story.send(0, to: 1), story.send(0, to: nil), story.send(0, to: 1)
    )
    story.hear(1, first, all, last)
    story.hear(2, all)
    #expect(story.faults() == [])
    #expect(story.checker.delivered == 4)
  }

  @Test func findsASignalThatWasLostInTheMiddle() {
    var story = Story()
    story.enter(0, 1)
    let (first, _, last) = (story.send(0, to: 1), story.send(0, to: 1), story.send(0, to: 1))
    story.hear(1, first, last)
    #expect(story.faults() == ["bob never heard 1, number 3 of ann"])
  }

  @Test func findsASignalThatWasLostAtTheEnd() {
    var story = Story()
    story.enter(0, 1)
    _ = story.send(0, to: 1)
    #expect(story.faults() == ["bob never heard 0, number 2 of ann"])
  }

  @Test func findsABroadcastThatOneOfTwoMissed() {
    var story = Story()
    story.enter(0, 1, 2)
    let all = story.send(0, to: nil)
    story.hear(1, all)
    #expect(story.faults() == ["cid never heard 0, number 2 of ann"])
  }

  @Test func findsASignalThatCameTwice() {
    var story = Story()
    story.enter(0, 1)
    let first = story.send(0, to: 1)
    story.hear(1, first, first)
    #expect(story.faults() == ["bob heard [2, 2] of ann: out of order"])
  }

  @Test func findsSignalsInTheWrongOrder() {
    var story = Story()
    story.enter(0, 1)
    let (first, second) = (story.send(0, to: 1), story.send(0, to: 1))
    story.hear(1, second, first)
    #expect(story.faults() == ["bob heard [3, 2] of ann: out of order"])
  }

  @Test func findsASignalThatCameToTheWrongOne() {
    var story = Story()
    story.enter(0, 1, 2)
    let first = story.send(0, to: 1)
    story.hear(1, first)
    story.hear(2, first)
    #expect(story.faults() == ["cid heard 0 of ann, which was not for it"])
  }

  @Test func findsASignalUnderAnotherName() {
    var story = Story()
    story.enter(0, 1, 2)
    let first = story.send(0, to: 1)
    story.hear(1, first, from: 2)
    #expect(story.faults().first == "bob heard 0 of cid, which was not for it")
  }

  @Test func findsASignalThatNobodySent() {
    var story = Story()
    story.enter(0, 1)
    story.hear(1, 77)
    #expect(story.faults() == ["bob heard 77, which nobody sent"])
  }

  @Test func findsASignalThatArrivedThoughItWasRefused() {
    var story = Story()
    story.enter(0, 1)
    let first = story.send(0, to: 1)
    story.note(0, .refused(number: 2, code: "no_such_peer"))
    story.hear(1, first)
    #expect(story.faults() == ["0 was refused, and arrived"])
  }

  @Test func findsWhatTheServerNeverAcknowledged() {
    var story = Story()
    story.enter(0, 1)
    let first = story.send(0, to: 1)
    story.hear(1, first)
    #expect(story.faults(acknowledged: false) == ["ann knows of 1 of 2 at the end"])
  }
}

// MARK: Gaps

extension DeliveryCheckerTests {
  private func overflow(_ missed: Int64, silentMs: Int64 = 0) -> ClientEvent {
    .resumed(.init(gap: .overflow, missed: missed, asked: missed, silentMs: silentMs))
  }

  @Test func excusesWhatIsMissingWhereAGapWasTold() {
    var story = Story()
    story.enter(0, 1)
    let first = story.send(0, to: 1)
    for _ in 0..<300 { _ = story.send(0, to: 1) }
    let last = story.send(0, to: 1)
    story.hear(1, first)
    story.note(1, overflow(300))
    story.hear(1, last)
    #expect(story.faults() == [])
  }

  @Test func findsWhatIsMissingBeforeTheGap() {
    var story = Story()
    story.enter(0, 1)
    let (_, second) = (story.send(0, to: 1), story.send(0, to: 1))
    story.hear(1, second)
    story.note(1, overflow(300))
    #expect(story.faults() == ["bob never heard 0, number 2 of ann"])
  }

  @Test func findsMoreMissingThanTheGapHas() {
    var story = Story()
    story.enter(0, 1)
    for _ in 0..<300 { _ = story.send(0, to: 1) }
    story.note(1, overflow(257))
    #expect(story.faults() == ["bob misses 300 for gaps of 257"])
  }

  @Test func aGapOfOneExcusesNobodyElse() {
    var story = Story()
    story.enter(0, 1, 2)
    _ = story.send(0, to: nil)
    story.note(1, overflow(300))
    #expect(story.faults() == ["cid never heard 0, number 2 of ann"])
  }

  @Test func findsAGapThatWasToldThoughAllWasKept() {
    var story = Story()
    story.enter(0, 1)
    story.note(1, overflow(3, silentMs: 20_000))
    #expect(
      story.faults() == ["bob was told a gap of 3 after 20000 ms, all of it kept"])
  }

  @Test func believesAGapForWhatIsTooOldToBeKept() {
    var story = Story()
    story.enter(0, 1)
    story.note(1, overflow(3, silentMs: 60_001))
    #expect(story.faults() == [])
  }

  @Test func excusesWhatWasUnderWayInARestartAndNothingBeyond() {
    var story = Story()
    story.enter(0, 1)
    let first = story.send(0, to: 1)
    story.hear(1, first)
    story.note(0, .acknowledged(2))
    _ = story.send(0, to: 1)
    story.note(0, .resumed(.init(gap: .restart, uncertain: 2..<3)))
    story.note(1, .resumed(.init(gap: .restart, uncertain: 1..<1)))
    _ = story.send(0, to: 1)
    #expect(story.faults() == ["bob never heard 2, number 4 of ann"])
  }
}

// MARK: Ends and orders

extension DeliveryCheckerTests {
  @Test func excusesTheEndOfWhatWasSentToOneWhoIsGone() {
    var story = Story()
    story.enter(0, 1)
    let (first, _) = (story.send(0, to: 1), story.send(0, to: 1))
    story.hear(1, first)
    story.end(1)
    #expect(story.faults() == [])
  }

  @Test func excusesOnlyTheEndOfWhatSomebodySentWhoIsGone() {
    var story = Story()
    story.enter(0, 1, 2)
    let (_, second, _) = (story.send(0, to: 1), story.send(0, to: 2), story.send(0, to: 1))
    story.hear(2, second)
    story.end(0)
    #expect(story.faults() == ["bob never heard 0, number 2 of ann"])
  }

  @Test func aNewcomerNeedNotHearWhatWasSentBefore() {
    var story = Story()
    story.enter(0, 1)
    let all = story.send(0, to: nil)
    story.hear(1, all)
    story.enter(2)
    #expect(story.faults() == [])
  }

  @Test func findsTwoOrdersOfBroadcasts() {
    for isSame in [true, false] {
      var story = Story()
      story.enter(0, 1, 2, 3)
      let (ofAnn, ofBob) = (story.send(0, to: nil), story.send(1, to: nil))
      story.hear(0, ofBob, from: 1)
      story.hear(1, ofAnn)
      story.hear(2, ofAnn)
      story.hear(2, ofBob, from: 1)
      if isSame { story.hear(3, ofAnn) }
      story.hear(3, ofBob, from: 1)
      if !isSame { story.hear(3, ofAnn) }
      #expect(story.faults().isEmpty == isSame)
    }
  }

  @Test func findsThatTwoSawABroadcastAndAnArrivalInDifferentOrders() {
    var story = Story()
    story.enter(0, 1, 2)
    let all = story.send(0, to: nil)
    story.hear(1, all)
    story.note(1, .changed(peer: "eve", state: "joined"))
    story.note(2, .changed(peer: "eve", state: "joined"))
    story.hear(2, all)
    #expect(story.faults().first?.hasPrefix("tea: no one order of") == true)
  }

  @Test func findsSomebodyInARosterWhoIsGone() {
    var story = Story()
    story.enter(0, 1, 2)
    story.end(2)
    #expect(
      story.faults(stale: (0, "cid"))
        == ["ann believes in [\"bob\", \"cid\"], there are [\"bob\"]"])
  }

  @Test func findsSomebodyMissingInARoster() {
    var story = Story()
    story.enter(0, 1)
    let lonely = DeliveryChecker.Final(
      room: "tea", peer: "ann", name: "ann", lastSent: 1, roster: Roster([]))
    let known = DeliveryChecker.Final(
      room: "tea", peer: "bob", name: "bob", lastSent: 1,
      roster: Roster([("ann", Roster.Peer(name: "ann", order: 1, isSuspended: false))]))
    #expect(
      story.checker.verdict([lonely, known]) == ["ann believes in [], there are [\"bob\"]"])
  }

  @Test func findsSomebodyHeldToBeSuspendedWhoIsConnected() {
    var story = Story()
    story.enter(0, 1)
    let finals = [("ann", "bob", 2, true), ("bob", "ann", 1, false)].map {
      me, other, order, isSuspended in
      DeliveryChecker.Final(
        room: "tea", peer: me, name: me, lastSent: 1,
        roster: Roster([
          (other, Roster.Peer(name: other, order: order, isSuspended: isSuspended))
        ]))
    }
    #expect(story.checker.verdict(finals).count == 1)
  }

  @Test func findsSomebodyWhoNeverCameBack() {
    var story = Story()
    story.enter(0, 1)
    let alone = DeliveryChecker.Final(
      room: "tea", peer: "ann", name: "ann", lastSent: 1, roster: Roster([]))
    #expect(story.checker.verdict([alone]) == ["bob is not in its room at the end"])
  }
}
