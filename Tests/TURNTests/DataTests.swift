// RFC 8656 §10 to §12: permissions, channels, and what goes through them, counted.

import NetTypes
import STUN
import Testing

@testable import TURN

struct PermissionTests {
  let bench = Bench()

  @Test("Trap 23: without a permission nothing passes, either way, unanswered and counted")
  func noPermission() throws {
    try bench.allocate()
    #expect(bench.receive(bench.sendIndication([1], to: bench.peer)) == .drop(.noPermission))
    let (verdict, _) = bench.receive([1], fromPeer: bench.peer, at: try bench.lastRelay())
    #expect(verdict == .drop(.noPermission))
    let counters = try #require(bench.records.first).counters
    #expect(counters.drops == 2)
    #expect(counters.fromPeers == Traffic(packets: 1, bytes: 1))
    #expect(counters.toPeers == Traffic() && counters.toClient == Traffic())
  }

  @Test("Trap 20: a permission is for an address, for five minutes, and traffic refreshes nothing")
  func permissionLifetime() throws {
    try bench.allocate()
    #expect(try bench.permit(SocketAddress(bench.peer.ip, port: 1)).isSuccess)
    let relay = try bench.lastRelay()
    let payload = bench.sendIndication([1, 2, 3], to: bench.peer)
    guard case .toPeer(relay, bench.peer, let range, _, _) = bench.receive(payload) else {
      Issue.record("not relayed")
      return
    }
    #expect(range.count == 3)
    bench.advance(by: .seconds(299))
    guard case .toPeer = bench.receive(payload) else {
      Issue.record("not relayed within the lifetime")
      return
    }
    // Traffic refreshes nothing.
    bench.advance(by: .seconds(2))
    #expect(bench.receive(payload) == .drop(.noPermission))
    #expect(try bench.permit(bench.peer).isSuccess)
    guard case .toPeer = bench.receive(payload) else {
      Issue.record("not relayed after a new permission")
      return
    }
  }

  @Test("Trap 21: of several peers all get a permission or none does, 443 for the other family")
  func allOrNothing() throws {
    try bench.allocate()
    let good = SocketAddress(IPAddress(9, 9, 9, 9), port: 1)
    let bad = SocketAddress(IPAddress(10, 0, 0, 1), port: 1)
    #expect(try bench.permit(good, bad).code == 403)
    #expect(bench.records.first?.permissions == 0)
    let six = SocketAddress(.loopbackV6, port: 1)
    #expect(try bench.permit(good, six).code == 443)
    #expect(bench.records.first?.permissions == 0)
    #expect(try bench.permit(good, bench.peer).isSuccess)
    #expect(bench.records.first?.permissions == 2)
  }

  @Test("Trap 21: a request without a peer, or with half of one, is a bad request")
  func noPeer() throws {
    try bench.allocate()
    #expect(try bench.ask(.createPermission).code == 400)
    #expect(
      try bench.ask(.createPermission) { $0.add(.xorPeerAddress, bytes: [0, 1, 0]) }.code == 400)
  }

  @Test("Trap 21: a full table gives 508 until permissions have run out")
  func fullTable() throws {
    let small = Bench { $0.limits.permissionsPerAllocationMax = 2 }
    try small.allocate()
    let peers = (1...3).map { SocketAddress(IPAddress(9, 9, 9, $0), port: 1) }
    #expect(try small.permit(peers[0], peers[1], peers[2]).code == 508)
    #expect(try small.permit(peers[0], peers[1], peers[0]).isSuccess)
    #expect(try small.permit(peers[2]).code == 508)
    small.advance(by: .seconds(301))
    #expect(try small.permit(peers[2]).isSuccess)
  }

  @Test func `there is no permission without an allocation`() throws {
    #expect(try bench.permit(bench.peer).code == 437)
    #expect(try bench.bind(0x4000, bench.peer).code == 437)
  }
}

struct ChannelTests {
  let bench = Bench()

  @Test func `a channel carries payloads both ways with four bytes around them`() throws {
    try bench.allocate()
    #expect(try bench.bind(0x4000, bench.peer).isSuccess)
    let relay = try bench.lastRelay()
    let verdict = bench.receive(bench.channelData(0x4000, [7, 8, 9], padding: 1))
    #expect(verdict == .toPeer(relay: relay, peer: bench.peer, 68..<71))
    let (_, toClient) = bench.receive([5, 6], fromPeer: bench.peer, at: relay)
    #expect(toClient == [0x40, 0x00, 0, 2, 5, 6])
    let counters = try #require(bench.records.first).counters
    #expect(counters.fromClient == Traffic(packets: 1, bytes: 8))
    #expect(counters.toPeers == Traffic(packets: 1, bytes: 3))
    #expect(counters.fromPeers == Traffic(packets: 1, bytes: 2))
    #expect(counters.toClient == Traffic(packets: 1, bytes: 6))
    #expect(counters.drops == 0)
  }

  @Test("Trap 22: a number is of one peer, a peer of one number, and binding again refreshes")
  func oneToOne() throws {
    try bench.allocate()
    let other = SocketAddress(bench.peer.ip, port: bench.peer.port + 1)
    #expect(try bench.bind(0x4000, bench.peer).isSuccess)
    #expect(try bench.bind(0x4000, other).code == 400)
    #expect(try bench.bind(0x4001, bench.peer).code == 400)
    #expect(try bench.bind(0x4000, bench.peer).isSuccess)
    #expect(try bench.bind(0x4001, other).isSuccess)
    #expect(bench.records.first?.channels == 2)
  }

  @Test func `a binding that is refused installs no permission`() throws {
    let small = Bench { $0.limits.channelsPerAllocationMax = 1 }
    try small.allocate()
    try #require(try small.bind(0x4000, small.peer).isSuccess)
    let other = SocketAddress(IPAddress(9, 9, 9, 9), port: 1)
    #expect(try small.bind(0x4000, other).code == 400)
    #expect(try small.bind(0x4001, other).code == 508)
    #expect(small.records.first?.permissions == 1)
    let full = Bench { $0.limits.permissionsPerAllocationMax = 1 }
    try full.allocate()
    try #require(try full.permit(other).isSuccess)
    #expect(try full.bind(0x4000, full.peer).code == 508)
    #expect(full.records.first?.channels == 0)
  }

  @Test("Trap 20: binding installs a permission, which ends before the channel unless refreshed")
  func bindingPermits() throws {
    try bench.allocate { $0.add(.lifetime, uint32: 3_600) }
    try #require(try bench.bind(0x4000, bench.peer).isSuccess)
    bench.advance(by: .seconds(301))
    #expect(bench.receive(bench.channelData(0x4000, [1])) == .drop(.noPermission))
    #expect(try bench.permit(bench.peer).isSuccess)
    guard case .toPeer = bench.receive(bench.channelData(0x4000, [1])) else {
      Issue.record("not relayed")
      return
    }
    // CreatePermission does not refresh the channel.
    bench.advance(by: .seconds(299))
    #expect(bench.receive(bench.channelData(0x4000, [1])) == .drop(.noChannel))
    let (_, toClient) = bench.receive([5], fromPeer: bench.peer, at: try bench.lastRelay())
    #expect(try Answer(toClient).message.type == MessageType(.data, .indication))
  }

  @Test(
    "Trap 22: numbers outside of 0x4000 to 0x4FFF are refused",
    arguments: [0x3FFF, 0x5000, 0x7FFF, 0x8000, 0xFFFF] as [UInt32])
  func range(number: UInt32) throws {
    try bench.allocate()
    #expect(try bench.bind(number, bench.peer).code == 400)
    #expect(try bench.bind(0x4FFF, bench.peer).isSuccess)
  }

  @Test func `with legacy channels the range is that of RFC 5766`() throws {
    let legacy = Bench { $0.legacyChannels = true }
    try legacy.allocate()
    #expect(try legacy.bind(0x7FFF, legacy.peer).isSuccess)
    #expect(try legacy.bind(0x8000, legacy.peer).code == 400)
    guard case .toPeer = legacy.receive(legacy.channelData(0x7FFF, [1])) else {
      Issue.record("not relayed")
      return
    }
  }

  @Test func `a full table gives 508`() throws {
    let small = Bench { $0.limits.channelsPerAllocationMax = 1 }
    try small.allocate()
    #expect(try small.bind(0x4000, small.peer).isSuccess)
    let other = SocketAddress(small.peer.ip, port: 1)
    #expect(try small.bind(0x4001, other).code == 508)
  }

  @Test(
    "Trap 24: malformed ChannelData is dropped by its own reason, and counted to its allocation")
  func malformed() throws {
    try bench.allocate()
    try #require(try bench.bind(0x4000, bench.peer).isSuccess)
    for bad: [UInt8] in [[0x40], [0x40, 0, 0], [0x40, 0, 0, 5, 1], [0x40, 0, 0xff, 0xff, 1]] {
      #expect(bench.receive(bad) == .drop(.malformedChannelData))
    }
    #expect(
      bench.receive(bench.channelData(0x4000, [1], padding: 4)) == .drop(.malformedChannelData))
    #expect(bench.receive(bench.channelData(0x4001, [1])) == .drop(.noChannel))
    #expect(bench.receive(bench.channelData(0x4000, [])) != .drop(.malformedChannelData))
    let counters = try #require(bench.records.first).counters
    #expect(counters.drops == 6)
    #expect(counters.fromClient == Traffic(packets: 7, bytes: 1 + 3 + 5 + 5 + 9 + 5 + 4))
  }

  @Test(
    "Trap 24: in a stream ChannelData is padded to four with zeros, which the length leaves out",
    arguments: [Transport.udp, .dtls, .tcp, .tls])
  func padding(transport: Transport) throws {
    bench.transport = transport
    try bench.allocate()
    try #require(try bench.bind(0x4000, bench.peer).isSuccess)
    let relay = try bench.lastRelay()
    for length in 0...8 {
      let payload = [UInt8](repeating: 7, count: length)
      let (_, toClient) = bench.receive(payload, fromPeer: bench.peer, at: relay)
      let zeros = transport.isStream ? -length & 3 : 0
      #expect(
        toClient
          == [0x40, 0x00, 0, UInt8(length)] + payload + [UInt8](repeating: 0, count: zeros))
      guard
        case .toPeer(_, _, let range, _, _) = bench.receive(
          bench.channelData(0x4000, payload, padding: -length & 3))
      else {
        Issue.record("not relayed")
        return
      }
      #expect(range.count == length)
    }
  }
}

struct IndicationTests {
  let bench = Bench()

  @Test(
    "CVE-2020-4067: a Data indication holds payload and peer, and its padding is zeros",
    arguments: 0...9)
  func dataIndication(length: Int) throws {
    try bench.allocate()
    try #require(try bench.permit(bench.peer).isSuccess)
    let payload = (0..<length).map { UInt8($0 + 1) }
    let (_, toClient) = bench.receive(payload, fromPeer: bench.peer, at: try bench.lastRelay())
    let indication = try Answer(toClient)
    #expect(indication.message.type == MessageType(.data, .indication))
    #expect(indication.message.xorAddress(.xorPeerAddress, toClient.span) == bench.peer)
    let data = try #require(indication.message.value(of: .data))
    #expect(toClient.span.bytes(in: data) == payload)
    #expect(toClient[data.upperBound...].allSatisfy { $0 == 0 })
  }

  @Test func `an IPv6 peer's indication says who it is`() throws {
    try bench.allocate { $0.add(.requestedAddressFamily, uint32: 2 << 24) }
    let peer = try #require(SocketAddress("[2606:4700::1]:53"))
    try #require(try bench.permit(peer).isSuccess)
    let (_, toClient) = bench.receive([1, 2, 3], fromPeer: peer, at: try bench.lastRelay())
    #expect(try Answer(toClient).message.xorAddress(.xorPeerAddress, toClient.span) == peer)
  }

  @Test("Trap 18: DONT-FRAGMENT is for the one datagram that asks for it")
  func dontFragment() throws {
    #expect(try bench.allocate { $0.add(.dontFragment, bytes: []) }.isSuccess)
    try #require(try bench.bind(0x4000, bench.peer).isSuccess)
    let relay = try bench.lastRelay()
    let whole = bench.sendIndication([1], to: bench.peer) { $0.add(.dontFragment, bytes: []) }
    guard case .toPeer(relay, bench.peer, _, dontFragment: true, _) = bench.receive(whole) else {
      Issue.record("without DF")
      return
    }
    for ordinary in [
      bench.sendIndication([1], to: bench.peer), bench.channelData(0x4000, [1]),
    ] {
      guard case .toPeer(relay, bench.peer, _, dontFragment: false, _) = bench.receive(ordinary)
      else {
        Issue.record("with DF")
        return
      }
    }
  }

  @Test("Trap 27: what is too long for a header is dropped, not cut")
  func tooLong() throws {
    try bench.allocate()
    try #require(try bench.permit(bench.peer).isSuccess)
    let (verdict, _) = bench.receive(
      [UInt8](repeating: 1, count: 65_527), fromPeer: bench.peer, at: try bench.lastRelay())
    #expect(verdict == .drop(.tooLong))
  }

  @Test func `a Send indication with something missing or unknown is dropped, never answered`()
    throws
  {
    try bench.allocate()
    try #require(try bench.permit(bench.peer).isSuccess)
    func indication(_ body: (inout MessageBuilder) -> Void) -> [UInt8] {
      var builder = MessageBuilder()
      builder.begin(MessageType(.send, .indication), TransactionID(high: 0, low: 0))
      body(&builder)
      builder.finish()
      return builder.bytes
    }
    #expect(bench.receive(indication { _ in }) == .drop(.badIndication))
    #expect(bench.receive(indication { $0.add(.data, bytes: [1]) }) == .drop(.badIndication))
    #expect(
      bench.receive(indication { $0.add(.xorPeerAddress, address: bench.peer) })
        == .drop(.badIndication))
    let withUnknown = indication {
      $0.add(.xorPeerAddress, address: bench.peer)
      $0.add(.data, bytes: [1])
      $0.add(.changeRequest, uint32: 0)
    }
    #expect(bench.receive(withUnknown) == .drop(.badIndication))
    let withKnown = indication {
      $0.add(.xorPeerAddress, address: bench.peer)
      $0.add(.data, bytes: [1])
      $0.add(.username, text: "ann")
    }
    guard case .toPeer = bench.receive(withKnown) else {
      Issue.record("not relayed for an attribute that is known and means nothing here")
      return
    }
    let stranger = SocketAddress(IPAddress(1, 1, 1, 1), port: 1)
    #expect(
      bench.receive(bench.sendIndication([1], to: bench.peer), from: stranger)
        == .drop(.noAllocation))
  }

  @Test func `what the kernel did not take is no traffic but a drop`() throws {
    try bench.allocate()
    try #require(try bench.permit(bench.peer).isSuccess)
    let verdict = bench.receive(bench.sendIndication([1, 2], to: bench.peer))
    bench.turn.sendFailed(verdict.load.recipient, verdict.load.traffic)
    let (back, _) = bench.receive([1], fromPeer: bench.peer, at: try bench.lastRelay())
    bench.turn.sendFailed(back.load.recipient, back.load.traffic)
    let counters = try #require(bench.records.first).counters
    #expect(counters.toPeers == Traffic() && counters.toClient == Traffic())
    #expect(counters.drops == 2 && counters.fromPeers.packets == 1)
    #expect(bench.records.count == 1)
  }
}

struct RoutingTests {
  let bench = Bench()

  @Test("Trap 25: everything that is no request of ours is dropped by its own reason")
  func dropped() {
    #expect(bench.receive([]) == .drop(.notRecognized))
    #expect(bench.receive(Array("GET / HTTP/1.1\r\n\r\n".utf8)) == .drop(.malformedChannelData))
    #expect(bench.receive([20, 1, 2]) == .drop(.notRecognized))
    #expect(bench.receive([0, 1, 0, 0]) == .drop(.malformedSTUN))
    #expect(bench.receive([0x80, 1]) == .drop(.notRecognized))
    func message(_ raw: UInt16) -> [UInt8] {
      var builder = MessageBuilder()
      builder.begin(MessageType(rawValue: raw), TransactionID(high: 0, low: 0))
      builder.finish()
      return builder.bytes
    }
    #expect(bench.receive(message(0x0101)) == .drop(.unexpectedClass))
    #expect(bench.receive(message(0x0011)) == .drop(.unexpectedClass))
    #expect(bench.receive(message(0x0017)) == .drop(.unexpectedClass))
    #expect(bench.receive(message(0x0002)) == .drop(.unknownMethod))
    #expect(bench.drops(.unexpectedClass) == 3)
  }

  @Test func `a server without TURN answers Binding and drops the rest`() throws {
    var turn = TURNServer(
      nil, quota: nil, ports: nil, random: SplitMix64(seed: 1),
      wallClock: WallClock(unixNanoseconds: 0, at: .zero), now: .zero)
    var effects: [Effect] = []
    func hand(_ bytes: [UInt8]) -> Verdict {
      let slot = bytes
      return turn.received(
        from: bench.tuple(), in: slot.span, at: 0..<bytes.count, now: .zero,
        effects: &effects)
    }
    #expect(hand(bench.request(.binding, username: nil)) == .reply)
    #expect(hand(bench.request(.allocate)) == .drop(.unknownMethod))
    #expect(effects.isEmpty)
  }

  @Test("CVE-2026-40613: messages and ChannelData are read at any offset in memory")
  func misaligned() throws {
    try bench.allocate()
    try #require(try bench.bind(0x4000, bench.peer).isSuccess)
    for datagram in [bench.channelData(0x4000, [1, 2]), bench.sendIndication([1], to: bench.peer)] {
      for offset in 64..<72 {
        let slot = [UInt8](repeating: 0xAA, count: offset) + datagram
        let payload = offset..<slot.count
        let verdict = bench.turn.received(
          from: bench.tuple(), in: slot.span, at: payload, now: bench.now,
          effects: &bench.effects)
        guard case .toPeer(_, bench.peer, let range, _, _) = verdict else {
          Issue.record("\(verdict) at \(offset)")
          return
        }
        #expect(range.lowerBound > offset)
      }
    }
  }

  @Test(arguments: [11, 12, 13] as [UInt64])
  func `a hundred thousand random datagrams change nothing but the counters`(seed: UInt64) throws {
    try bench.allocate()
    try #require(try bench.bind(0x4000, bench.peer).isSuccess)
    var random = SplitMix64(seed: seed)
    let samples = [
      bench.request(.refresh, username: nil), bench.request(.allocate, nonce: "n"),
      bench.sendIndication([1, 2, 3], to: SocketAddress(IPAddress(10, 0, 0, 1), port: 1)),
    ]
    let before = try #require(bench.records.first)
    let stranger = SocketAddress(IPAddress(192, 0, 2, 200), port: 77)
    for index in 0..<100_000 {
      var datagram: [UInt8]
      if index % 2 == 0 {
        datagram = (0..<Int.random(in: 0...80, using: &random)).map { _ in
          UInt8.random(in: 0...255, using: &random)
        }
      } else {
        datagram = samples[index % samples.count]
        for _ in 0..<Int.random(in: 1...5, using: &random) {
          datagram[Int.random(in: 0..<datagram.count, using: &random)] ^=
            1
            << UInt8.random(
              in: 0...7, using: &random)
        }
      }
      bench.receive(datagram, from: stranger)
    }
    #expect(bench.records.count == 1, "seed \(seed)")
    #expect(bench.records.first == before, "seed \(seed)")
    #expect(bench.quota.total == 1 && bench.openRelays.count == 1)
  }
}
