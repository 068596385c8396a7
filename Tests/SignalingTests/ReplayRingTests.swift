// The ring of what was not acknowledged, against a plain list.

import NetTypes
import Testing

@testable import Signaling

@Suite struct ReplayRingTests {
  private struct Model {
    var kept: [(number: Int64, message: ServerMessage, sent: Instant)] = []
    var last: Int64 = 0

    mutating func trim(_ limits: ReplayLimits) {
      while kept.count > limits.messagesMax { kept.removeFirst() }
      while bytes > limits.bytesMax, !kept.isEmpty { kept.removeFirst() }
    }

    var bytes: Int { kept.reduce(0) { $0 + $1.message.byteCount } }

    func after(_ number: Int64) -> [ServerMessage]? {
      guard (kept.first?.number ?? last + 1) <= number + 1 else { return nil }
      return kept.filter { $0.number > number }.map(\.message)
    }
  }

  @Test func itKeepsWhatAPlainListWouldKeep() {
    for seed in 0..<30 as Range<UInt64> {
      var random = SplitMix64(seed: seed)
      var limits = ReplayLimits()
      limits.messagesMax = Int.random(in: 1...100, using: &random)
      limits.bytesMax = Int.random(in: 64...20_000, using: &random)
      var ring = ReplayRing(first: 1)
      var model = Model()
      var now = Instant.zero
      for step in 0..<2_000 {
        now = now + .milliseconds(Int64.random(in: 0...20, using: &random))
        switch random.next() % 10 {
        case 0..<7:
          let data = [UInt8](repeating: 0, count: Int.random(in: 0...400, using: &random))
          let message = ServerMessage.message(from: PeerID("p"), data: RawJSON(data))
          model.last += 1
          model.kept.append((model.last, message, now))
          let before = model.kept.count
          model.trim(limits)
          let dropped = ring.append(message, now: now, limits: limits)
          #expect(dropped.messages + dropped.forBytes == before - model.kept.count)
        case 7..<9:
          let number = Int64.random(in: max(0, model.last - 50)...model.last, using: &random)
          model.kept.removeAll { $0.number <= number }
          ring.acknowledge(number)
        default:
          let until = now + (.zero - .milliseconds(Int64.random(in: 0...500, using: &random)))
          let before = model.kept.count
          model.kept.removeAll { $0.sent <= until }
          #expect(ring.age(until: until) == before - model.kept.count)
        }
        let asked = Int64.random(in: max(0, model.last - 120)...model.last, using: &random)
        guard ring.count == model.kept.count, ring.bytes == model.bytes,
          ring.messages(after: asked) == model.after(asked)
        else {
          Issue.record("seed \(seed), step \(step): the ring and the list differ")
          return
        }
      }
    }
  }

  @Test func whatIsKeptForThousandsOfIdleSessionsIsSmall() {
    #expect(MemoryLayout<Session>.stride <= 704, "\(MemoryLayout<Session>.stride)")
    #expect(MemoryLayout<ServerMessage>.size <= 40, "\(MemoryLayout<ServerMessage>.size)")
  }
}
