// Client messages as Docs/protocol.md has them, and what becomes of all others.

import Foundation
import Signaling
import SignalingService
import Testing

@Suite struct MessageDecoderTests {
  private func decode(_ text: String) -> ClientMessage {
    var decoder = MessageDecoder(limits: SignalingLimits())
    return decoder.decode(Array(text.utf8).span)
  }

  private func error(_ text: String) -> ErrorCode? {
    if case .invalid(let code, _) = decode(text).body { code } else { nil }
  }

  private let samples = [
    "room": #""tea""#, "name": #""Ann""#, "token": #""t""#,
    "resume": #"{"session":"s","ack":4}"#, "to": #""p1""#, "sdp": #""v=0\r\n""#,
    "candidate": #"{"candidate":"c","sdpMid":"0"}"#, "usernameFragment": #""u""#, "data": "[1]",
    "ack": "3", "relay": "true", "peer": #""p1""#, "reason": #""why""#, "rtt": "12",
    "pair": #"{"local":"host","remote":"relay","protocol":"udp"}"#,
  ]
  /// Of no member's kind but `relay`'s.
  private let wrongSample = "false"

  private func text(_ type: String, _ names: Set<String>, wrong: String? = nil) -> String {
    let members = names.sorted().map { name in
      let value = name == wrong ? name == "relay" ? "1" : wrongSample : samples[name] ?? "0"
      return "\"\(name)\":\(value)"
    }
    return "{" + (["\"type\":\"\(type)\"", "\"seq\":7"] + members).joined(separator: ",") + "}"
  }

  @Test func everyRowOfThePageIsUnderstoodAndNoneWithoutItsMembers() throws {
    let rows = try ProtocolPage().clientRows
    #expect(
      Set(rows.map(\.type))
        == Set(ClientMessage.Kind.allCases.map(\.rawValue)).subtracting(["invalid"]))
    for row in rows {
      for names in [row.required, row.required.union(row.optional)] {
        let message = decode(text(row.type, names))
        #expect(message.body.kind.rawValue == row.type)
        #expect(message.number == 7)
      }
      for missing in row.required {
        #expect(error(text(row.type, row.required.subtracting([missing]))) == .badMessage)
      }
      let checked = row.required.union(row.optional).subtracting(["data"])
      for wrong in checked {
        #expect(error(text(row.type, row.required.union([wrong]), wrong: wrong)) == .badMessage)
      }
    }
  }

  @Test func everyMemberArrives() {
    let claim = ResumeRequest(session: SessionSecret("s"), ack: 4)
    let join = JoinRequest(room: "tea", name: "Ann", token: "t", resume: claim)
    #expect(decode(text("join", ["room", "name", "token", "resume"])).body == .join(join))
    let to = PeerID("p1")
    let sdp = RawJSON(Array(#""v=0\r\n""#.utf8))
    #expect(decode(text("offer", ["to", "sdp"])).body == .offer(to: to, sdp: sdp))
    #expect(decode(text("answer", ["to", "sdp"])).body == .answer(to: to, sdp: sdp))
    let candidate = RawJSON(Array(#"{"candidate":"c","sdpMid":"0"}"#.utf8))
    #expect(
      decode(text("candidate", ["to", "candidate"])).body
        == .candidate(to: to, candidate: candidate))
    let fragment = RawJSON(Array(#""u""#.utf8))
    #expect(
      decode(text("end-of-candidates", ["to", "usernameFragment"])).body
        == .endOfCandidates(to: to, usernameFragment: fragment))
    let data = RawJSON(Array("[1]".utf8))
    #expect(decode(text("message", ["to", "data"])).body == .message(to: to, data: data))
    #expect(decode(text("message", ["data"])).body == .message(to: nil, data: data))
    #expect(decode(text("ping", ["ack"])).body == .ping(ack: 3))
    #expect(decode(text("ping", ["ack", "rtt"])).body == .ping(ack: 3, rttMs: 12))
    #expect(decode(text("ice", [])).body == .ice(relay: false))
    #expect(decode(text("ice", ["relay"])).body == .ice(relay: true))
    let pair = SelectedPair(local: .host, remote: .relay, transport: .udp)
    #expect(decode(text("report", ["peer", "pair"])).body == .report(peer: to, pair: pair))
    #expect(decode(text("kick", ["peer"])).body == .kick(to, .none))
    #expect(Reason("why").map { .kick(to, $0) } == decode(text("kick", ["peer", "reason"])).body)
    #expect(decode(text("close-room", [])).body == .closeRoom(.none))
    #expect(decode(text("leave", [])).body == .leave)
  }

  @Test(arguments: [
    "", "x", "[]", "1", "{", #"{"type":"ice"}"#, #"{"type":"ice","seq":"1"}"#,
    #"{"type":"ice","seq":-1}"#, #"{"type":"ice","seq":1.5}"#, #"{"type":"ice","seq":null}"#,
    #"{"type":"ice","seq":1,"seq":1}"#, #"{"type":"ice","seq":9007199254740992}"#,
  ])
  func aTextWithoutAUsableNumberIsABadMessageWithoutOne(text: String) {
    #expect(error(text) == .badMessage)
    #expect(decode(text).number == nil)
  }

  @Test(arguments: [#"{"seq":3}"#, #"{"seq":3,"type":1}"#, #"{"seq":3,"type":null}"#])
  func aTextWithoutATypeIsABadMessageThatUsesItsNumber(text: String) {
    #expect(error(text) == .badMessage)
    #expect(decode(text).number == 3)
  }

  @Test(arguments: ["", "joined", "invalid", "JOIN", "offer "])
  func otherTypesAreUnknown(type: String) {
    #expect(error(#"{"seq":3,"type":"\#(type)"}"#) == .unknownType)
    #expect(decode(#"{"seq":3,"type":"\#(type)"}"#).number == 3)
  }

  @Test func unknownMembersAreIgnored() {
    #expect(error(#"{"seq":3,"type":"ice","x":{"y":[null]},"to":5}"#) == nil)
  }

  @Test func descriptionsAndCandidatesAreBoundedByTheirUnescapedBytes() {
    func offer(_ sdp: String) -> String { #"{"seq":3,"type":"offer","to":"p","sdp":"\#(sdp)"}"# }
    #expect(error(offer(String(repeating: "x", count: 49_152))) == nil)
    #expect(error(offer(String(repeating: "x", count: 49_153))) == .badMessage)
    #expect(error(offer(String(repeating: #"\n"#, count: 30_000))) == nil)
    func candidate(_ line: String) -> String {
      #"{"seq":3,"type":"candidate","to":"p","candidate":{"candidate":"\#(line)"}}"#
    }
    #expect(error(candidate(String(repeating: "x", count: 2_048))) == nil)
    #expect(error(candidate(String(repeating: "x", count: 2_049))) == .badMessage)
    #expect(error(candidate("")) == nil)
  }

  @Test func payloadsPassByteForByte() {
    let value = #"{ "a" : "\u00e9\/" , "b":[ 1e2, -0 ]  }"#
    let message = decode(#"{"seq":3,"type":"message","data": \#(value) ,"z":0}"#)
    #expect(message.body == .message(to: nil, data: RawJSON(Array(value.utf8))))
  }

  @Test func aBroadcastIsNeverMistakenForAMessageToNobody() {
    #expect(error(#"{"seq":3,"type":"message","data":1,"to":null}"#) == .badMessage)
  }

  @Test func browsersMaySayThatThereIsNoUsernameFragment() {
    let message = decode(#"{"seq":3,"type":"end-of-candidates","to":"p","usernameFragment":null}"#)
    #expect(
      message.body
        == .endOfCandidates(to: PeerID("p"), usernameFragment: RawJSON(Array("null".utf8))))
  }

  @Test(arguments: [
    #"{"remote":"host","protocol":"udp"}"#, #"{"local":"host","remote":"host"}"#,
    #"{"local":"HOST","remote":"host","protocol":"udp"}"#,
    #"{"local":"host","remote":"host","protocol":"tls"}"#, #""host""#,
  ])
  func aPairHasTwoTypesAndAProtocol(pair: String) {
    #expect(error(#"{"seq":3,"type":"report","peer":"p","pair":\#(pair)}"#) == .badMessage)
  }

  @Test func reasonsAreShortAndPrintable() {
    func kick(_ reason: String) -> String {
      #"{"seq":3,"type":"kick","peer":"p","reason":"\#(reason)"}"#
    }
    #expect(error(kick(String(repeating: "x", count: 128))) == nil)
    #expect(error(kick(String(repeating: "x", count: 129))) == .badMessage)
    #expect(error(kick(#"\u0007"#)) == .badMessage)
  }
}
