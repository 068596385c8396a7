// A server that takes nothing new.

import NetTypes
import STUN
import Testing

@testable import TURN

struct DrainTests {
  private let bench = Bench()
  private let other = SocketAddress(IPAddress(198, 51, 100, 9), port: 5_000)

  @Test("Trap 41: draining refuses new allocations with 508 and lets the old ones refresh")
  func draining() throws {
    let id = TransactionID(high: 1, low: 1)
    let made = try bench.allocate(id: id)
    bench.turn.isDraining = true
    let refused = try bench.allocate(from: other)
    #expect(refused.code == 508 && refused.isSigned(by: Bench.key))
    #expect(bench.records.count == 1 && bench.quota.total == 1)
    // A retransmission is nothing new.
    #expect(try bench.allocate(id: id).relay == made.relay)
    bench.advance(by: .seconds(500))
    #expect(try bench.ask(.refresh) { $0.add(.lifetime, uint32: 600) }.lifetime == 600)
    #expect(try bench.permit(bench.peer).isSuccess)
    #expect(try bench.bind(0x4000, bench.peer).isSuccess)
    #expect(try bench.ask(.refresh) { $0.add(.lifetime, uint32: 0) }.isSuccess)
    #expect(bench.records.isEmpty && bench.quota.total == 0)
  }

  @Test func `a reserved port is not taken up any more, and is given back in time`() throws {
    let made = try bench.allocate { $0.add(.evenPort, bytes: [0x80]) }
    let token = try #require(made.token)
    bench.turn.isDraining = true
    let taken = try bench.allocate(from: other) { $0.add(.reservationToken, bytes: token) }
    #expect(taken.code == 508)
    bench.advance(by: .seconds(31))
    #expect(bench.quota.total == 1)
  }
}
