// RFC 8656 §11.5: what becomes of ICMP errors about datagrams to peers.

import NetTypes
import STUN
import TURNTesting
import Testing

@testable import TURN

struct ICMPTests {
  let bench = Bench()

  private func tell(_ error: ICMPError, at relay: SlabHandle) -> (Verdict, [UInt8]) {
    let verdict = bench.turn.peerUnreachable(error, at: relay, now: bench.now)
    return (verdict, bench.turn.frames(verdict, []).first ?? [])
  }

  @Test("Trap 28: an ICMP error becomes a Data indication with peer and ICMP, and no data")
  func indication() throws {
    try bench.allocate()
    try #require(try bench.permit(bench.peer).isSuccess)
    let error = ICMPError(target: bench.peer, type: 3, code: 4, mtu: 1_280)
    let (_, bytes) = tell(error, at: try bench.lastRelay())
    let answer = try Answer(bytes)
    #expect(answer.message.type == MessageType(.data, .indication))
    #expect(answer.message.attributeCount == 2)
    #expect(answer.message.icmp(about: bench.peer, bytes.span) == error)
    let value = try #require(answer.message.value(of: .icmp))
    // RFC 8656 §18.13: 16 bits reserved, 7 of type, 9 of code, 32 of data.
    #expect(bytes.span.bytes(in: value) == [0, 0, 3 << 1, 4, 0, 0, 0x05, 0x00])
    #expect(answer.message.xorAddress(.xorPeerAddress, bytes.span) == bench.peer)
  }

  @Test("Trap 28: only errors about reaching the peer are told, with an MTU only where it is one")
  func types() throws {
    try bench.allocate()
    try #require(try bench.permit(bench.peer).isSuccess)
    let relay = try bench.lastRelay()
    for type in [0, 4, 5, 8, 12, 128, 255] as [UInt8] {
      let (verdict, _) = tell(ICMPError(target: bench.peer, type: type, code: 0), at: relay)
      #expect(verdict == .drop(.irrelevantICMP))
    }
    for (type, code) in [(3, 3), (11, 0)] as [(UInt8, UInt8)] {
      let error = ICMPError(target: bench.peer, type: type, code: code, mtu: 9)
      let (_, bytes) = tell(error, at: relay)
      let told = try Answer(bytes).message.icmp(about: bench.peer, bytes.span)
      #expect(told == ICMPError(target: bench.peer, type: type, code: code))
    }
  }

  @Test("Trap 28: the types of IPv6 are others")
  func typesOfIPv6() throws {
    try bench.allocate { $0.add(.requestedAddressFamily, uint32: 2 << 24) }
    let peer = try #require(SocketAddress("[2606:4700::1]:53"))
    try #require(try bench.permit(peer).isSuccess)
    let relay = try bench.lastRelay()
    for type in 1...3 as ClosedRange<UInt8> {
      let error = ICMPError(target: peer, type: type, code: 0, mtu: 1_400)
      let (_, bytes) = tell(error, at: relay)
      let told = try #require(try Answer(bytes).message.icmp(about: peer, bytes.span))
      #expect(told.mtu == (type == 2 ? 1_400 : 0))
    }
    for type in [0, 4, 11, 129] as [UInt8] {
      let (verdict, _) = tell(ICMPError(target: peer, type: type, code: 0), at: relay)
      #expect(verdict == .drop(.irrelevantICMP))
    }
  }

  @Test("Trap 28: without a live permission for the target nothing is told")
  func permission() throws {
    try bench.allocate()
    let relay = try bench.lastRelay()
    let error = ICMPError(target: bench.peer, type: 3, code: 3)
    #expect(tell(error, at: relay).0 == .drop(.noPermission))
    try #require(try bench.permit(bench.peer).isSuccess)
    bench.advance(by: .seconds(301))
    #expect(tell(error, at: relay).0 == .drop(.noPermission))
    let gone = SlabHandle(index: 77, generation: 0)
    #expect(tell(error, at: gone).0 == .drop(.noRelay))
    #expect(bench.records.count == 1)
  }
}
