// Binding at a server with and without NAT behaviour discovery.

import NetTypes
import STUN
import Testing

@testable import TURN

struct BindingTests {
  private let bench = Bench()

  private func binding(_ body: (inout MessageBuilder) -> Void = { _ in }) -> [UInt8] {
    var builder = MessageBuilder()
    builder.begin(MessageType(.binding, .request), TransactionID(high: 3, low: 4))
    body(&builder)
    builder.finish()
    return builder.bytes
  }

  private func turnOn() throws {
    let alternate = SocketAddress(IPAddress(198, 51, 100, 2), port: 3_479)
    bench.turn.discoveries = [
      try #require(BehaviourDiscovery(primary: bench.server, alternate: alternate))
    ]
  }

  private func answer() throws -> Answer { try Answer(bench.turn.reply.bytes) }

  @Test(arguments: [.changeRequest, .padding, .responsePort] as [Attribute])
  func `RFC 5780 attributes are unknown where discovery is off: 420`(_ attribute: Attribute) throws
  {
    #expect(bench.receive(binding { $0.add(attribute, uint32: 6) }) == .reply)
    #expect(try answer().code == 420)
  }

  @Test func `Trap 33: without discovery an answer has XOR-MAPPED-ADDRESS and nothing else`() throws
  {
    #expect(bench.receive(binding()) == .reply)
    let answer = try answer()
    #expect(answer.message.attributeCount == 1)
    #expect(answer.mapped == bench.client)
    #expect(answer.bytes.count == 32)
  }

  @Test func `with discovery the answer leaves from where CHANGE-REQUEST says`() throws {
    try turnOn()
    let verdict = bench.receive(binding { $0.add(.changeRequest, uint32: 6) })
    let source = SocketAddress(IPAddress(198, 51, 100, 2), port: 3_479)
    #expect(
      verdict
        == .replyElsewhere(FiveTuple(client: bench.client, server: source, transport: .udp)))
    #expect(bench.receive(binding()) == .reply)
    #expect(try answer().message.has(.otherAddress))
  }

  @Test(arguments: [.tcp, .tls, .dtls] as [Transport])
  func `discovery is for UDP alone`(_ transport: Transport) throws {
    try turnOn()
    let bytes = binding { $0.add(.changeRequest, uint32: 6) }
    let tuple = FiveTuple(client: bench.client, server: bench.server, transport: transport)
    let range = 0..<bytes.count
    let verdict = bench.turn.received(
      from: tuple, in: bytes.span, at: range, now: bench.now,
      effects: &bench.effects)
    #expect(verdict == .reply)
    #expect(try answer().code == 420)
  }

  @Test func `a network that asks too often gets plain answers, and none to special wishes`() throws
  {
    try turnOn()
    for _ in 0..<BehaviourDiscovery.answersPerSecondMax { bench.receive(binding()) }
    #expect(try answer().message.has(.otherAddress))
    #expect(bench.receive(binding()) == .reply)
    #expect(try !answer().message.has(.otherAddress))
    #expect(
      bench.receive(binding { $0.add(.changeRequest, uint32: 6) }) == .drop(.discoveryBudget))
    #expect(bench.drops(.discoveryBudget) == 1)
    bench.advance(by: .seconds(1))
    #expect(bench.receive(binding { $0.add(.changeRequest, uint32: 0) }) == .reply)
  }
}
