// Holds what a Binding request is and what counts as its answer.

import NetTypes
import STUN
import Testing

@testable import parley_load

@Suite struct BindingTests {
  private let asker = SocketAddress(.loopbackV4, port: 4_711)

  private func answer(run: UInt32, number: UInt64, _ mapped: SocketAddress) -> [UInt8] {
    var builder = MessageBuilder()
    builder.begin(
      MessageType(.binding, .success), TransactionID(high: run, low: number))
    builder.add(.xorMappedAddress, address: mapped)
    builder.finish()
    return builder.bytes
  }

  @Test func `requests of a burst are messages with the numbers that follow`() throws {
    var burst = BindingBurst(of: 3, run: 5)
    burst.stamp(40)
    let bytes = burst.bytes
    #expect(bytes.count == 60)
    for index in 0..<3 {
      let message = try Message(bytes.span, in: index * 20..<index * 20 + 20)
      #expect(message.type == MessageType(.binding, .request))
      #expect(message.transactionID == TransactionID(high: 5, low: 40 + UInt64(index)))
    }
  }

  @Test func `an answer names the socket that was asked from, in the same run`() {
    let burst = BindingBurst(of: 1, run: 5)
    func check(_ bytes: [UInt8]) -> BindingBurst.Finding {
      burst.check(bytes.span, 0..<bytes.count, asker: asker)
    }
    #expect(check(answer(run: 5, number: 7, asker)) == .answer(number: 7))
    #expect(check(answer(run: 6, number: 7, asker)) == .foreign)
    let other = SocketAddress(.loopbackV4, port: 4_712)
    #expect(check(answer(run: 5, number: 7, other)) == .corrupt)
    #expect(check([1, 1]) == .foreign)
  }
}
