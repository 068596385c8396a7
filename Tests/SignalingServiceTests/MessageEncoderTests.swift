// Server messages have the members that Docs/protocol.md gives them.

import Foundation
import NetTypes
import Signaling
import SignalingService
import Testing

@Suite struct MessageEncoderTests {
  private func text(_ message: ServerMessage, _ number: Int64 = 7) -> String {
    String(decoding: EncodedMessage(message).text(number: number), as: UTF8.self)
  }

  @Test func `One encoder encodes one message after the other`() throws {
    var encoded = EncodedMessage()
    for message in try examples() + examples().reversed() {
      encoded.encode(message)
      #expect(encoded.text(number: 7) == EncodedMessage(message).text(number: 7))
    }
  }

  private func members(_ text: String) throws -> [String: Any] {
    let object = try JSONSerialization.jsonObject(with: Data(text.utf8))
    return try #require(object as? [String: Any])
  }

  private let peer = PeerID("p3h8c5tnye")
  private let sdp = RawJSON(Array(#""v=0\r\n""#.utf8))

  /// Each kind in its longest and, where there is a choice, its shortest form.
  private func examples() throws -> [ServerMessage] {
    let offer = ICEOffer(
      servers: [
        ICEServer(urls: ["stun:192.0.2.7:3478"]),
        ICEServer(urls: ["turn:192.0.2.7:3478?transport=udp"], username: "u", credential: "c"),
      ], ttlMs: 600_000)
    return [
      try joined(), .presence([PresenceChange(peer, .left(.timeout))]), .notice("tea is ready"),
      .offer(from: peer, sdp: sdp), .answer(from: peer, sdp: sdp),
      .candidate(from: peer, candidate: RawJSON(Array("{}".utf8))),
      .endOfCandidates(from: peer, usernameFragment: sdp),
      .endOfCandidates(from: peer, usernameFragment: nil),
      .message(from: peer, data: RawJSON(Array("null".utf8))), .ice(offer),
      .error(ErrorMessage(.rateLimited, "slow", answers: 3, retryAfterMs: 20)),
      .error(ErrorMessage(.badMessage, "what")), .pong(ack: 5),
    ]
  }

  /// What the core says to the second member of a room.
  private func joined() throws -> ServerMessage {
    struct Fixed: ICEServerSource {
      func offer(for peer: PeerID, in room: RoomKey, withRelay: Bool) -> ICEOffer {
        let stun = ICEServer(urls: ["stun:a"])
        let turn = ICEServer(urls: ["turn:a"], username: "u", credential: "c")
        return ICEOffer(servers: [stun, turn], ttlMs: 600_000)
      }
    }
    var random = SystemRandomNumberGenerator()
    let incarnation = Incarnation(
      sessions: SessionKey(from: &random), start: .zero, startUnixMs: 1_764_077_770_000,
      random: &random)
    var server = SignalingServer(
      random: random, iceServers: Fixed(), incarnation: incarnation)
    var effects: [SignalingEffect] = []
    let request = JoinRequest(room: "tea", name: "Ann")
    let message = ClientMessage(number: 1, body: .join(request))
    let verdict = Lobby.judge(message, sessions: incarnation.sessions) { _, _ in
      .granted(Grant())
    }
    guard case .enter(let entry) = verdict else { throw CancellationError() }
    server.join(entry, ConnectionID(1), now: .zero, into: &effects)
    server.join(entry, ConnectionID(2), now: .zero, into: &effects)
    for case .send(ConnectionID(2), _, let message) in effects { return message }
    throw CancellationError()
  }

  @Test func everyKindHasTheMembersOfItsRow() throws {
    let page = try ProtocolPage()
    let rows = Dictionary(uniqueKeysWithValues: page.serverRows.map { ($0.type, $0) })
    #expect(Set(rows.keys) == Set(ServerMessage.Kind.allCases.map(\.rawValue)))
    let clientRows = Dictionary(uniqueKeysWithValues: page.clientRows.map { ($0.type, $0) })
    for message in try examples() where message.kind != .joined {
      let type = message.kind.rawValue
      var row = try #require(rows[type])
      if row.required.contains("from") {
        // "as sent, with `from` in the place of `to`"
        let sent = try #require(clientRows[type])
        row.required = sent.required.subtracting(["to"]).union(["from"])
        row.optional = sent.optional.subtracting(["to"])
      }
      let names = Set(try members(text(message)).keys).subtracting(["type", "seq"])
      #expect(names.isSuperset(of: row.required), "\(type): \(names)")
      #expect(names.isSubset(of: row.required.union(row.optional)), "\(type): \(names)")
    }
  }

  @Test func joinedHasTheMembersOfItsExample() throws {
    let sample = try members(try ProtocolPage().joined)
    let real = try members(text(try joined()))
    func names(_ any: Any?) -> Set<String> { Set((any as? [String: Any])?.keys.map { $0 } ?? []) }
    #expect(names(real) == names(sample))
    #expect(names(real["limits"]) == names(sample["limits"]))
    for key in ["peers", "iceServers"] {
      let ours = try #require(real[key] as? [[String: Any]])
      let theirs = try #require(sample[key] as? [[String: Any]])
      #expect(ours.map(names) == theirs.map(names))
    }
    for key in [
      "iceTtl", "heartbeat", "limits", "resumed", "relay", "ack", "room", "can", "resumeWindow",
    ] {
      #expect((real[key] as? NSObject) == (sample[key] as? NSObject), "\(key)")
    }
  }

  @Test func everyChangeHasTheMembersOfItsRow() throws {
    let name = try #require(DisplayName("Ann \"A\" \\"))
    let profile = Profile(name: name, role: Role("host"), order: 7)
    let states: [PresenceChange.State] = [
      .joined(profile), .joined(Profile(name: .none, order: 1)), .suspended,
      .resumed(profile), .left(.kicked),
    ]
    let rows = Dictionary(
      uniqueKeysWithValues: try ProtocolPage().changeRows.map { ($0.type, $0) })
    #expect(Set(rows.keys) == Set(states.map(\.word)))
    let sent = try members(text(.presence(states.map { PresenceChange(peer, $0) })))
    let changes = try #require(sent["changes"] as? [[String: Any]])
    #expect(changes.map { $0["state"] as? String } == states.map(\.word))
    for change in changes {
      let row = try #require(rows[change["state"] as? String ?? ""])
      let names = Set(change.keys).subtracting(["peer", "state"])
      #expect(
        names.isSuperset(of: row.required) && names.isSubset(of: row.required.union(row.optional)))
    }
    #expect(changes.first?["name"] as? String == name.text)
  }

  @Test func whatIsRareInJoinedIsThereWhenItHolds() throws {
    guard case .joined(var joined) = try joined() else { return }
    joined.resumed = true
    joined.gap = .restart
    joined.settlingMs = 1_234
    joined.restartIce = true
    joined.profile.role = Role("host")
    joined.peers?[0].isSuspended = true
    let real = try members(text(.joined(joined)))
    #expect(real["gap"] as? String == "restart" && real["settling"] as? Int == 1_234)
    #expect(real["restartIce"] as? Bool == true && real["role"] as? String == "host")
    let peers = try #require(real["peers"] as? [[String: Any]])
    #expect(peers.first?["state"] as? String == "suspended")
    joined.peers = nil
    #expect(try members(text(.joined(joined)))["peers"] == nil)
  }

  @Test func theTypeComesFirstAndTheNumberIsSpliced() {
    #expect(text(.pong(ack: 5), 12) == #"{"type":"pong","seq":12,"ack":5}"#)
    #expect(
      text(.offer(from: peer, sdp: sdp), .max)
        == #"{"type":"offer","seq":9223372036854775807,"from":"p3h8c5tnye","sdp":"v=0\r\n"}"#)
    #expect(
      text(.error(ErrorMessage(.badMessage, "a\"b")), 1)
        == #"{"type":"error","seq":1,"code":"bad_message","message":"a\"b","temporary":false}"#)
  }

  @Test func errorAndCloseCodesAreThoseOfThePage() throws {
    let page = try ProtocolPage()
    #expect(page.errorCodes == Set(ErrorCode.allCases.map(\.rawValue)))
    #expect(page.closeCodes == Set(CloseCode.allCases.map(\.rawValue)))
  }
}
