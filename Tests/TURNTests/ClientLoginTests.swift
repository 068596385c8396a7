// How our own client logs in: by the best that is offered, and never by less than was offered.

import NetTypes
import STUN
import TURNClient
import Testing

@testable import TURN

struct ClientLoginTests {
  /// Sends what the client has to say until it has heard everything; `change` is done to answers.
  private func talk(
    _ client: inout TURNClient, _ bench: Bench, change: ([UInt8]) -> [UInt8] = { $0 }
  ) -> [TURNClient.Event] {
    var events: [TURNClient.Event] = []
    while !client.output.isEmpty {
      let datagrams = client.output
      client.output = []
      for datagram in datagrams where bench.receive(datagram) == .reply {
        let answer = change(bench.turn.reply.bytes)
        if let event = client.received(answer.span, now: bench.now) { events.append(event) }
      }
    }
    return events
  }

  private func isAllocated(_ events: [TURNClient.Event]) -> Bool {
    guard case .allocated = events.first else { return false }
    return events.count == 1
  }

  private static func store(_ secrets: [String]) -> CredentialStore {
    CredentialStore(realm: Bench.realm, users: ["ann": "pw"], secrets: secrets)
  }

  @Test(
    "Trap 3: a client of RFC 8489 uses SHA-256 and USERHASH as offered, one of RFC 5389 neither",
    arguments: [false, true], [[], ["s"]])
  func offered(isLegacy: Bool, secrets: [String]) throws {
    let bench = Bench { $0.credentials = Self.store(secrets) }
    var client = TURNClient(
      username: "ann", password: "pw", isLegacy: isLegacy, random: SplitMix64(seed: 1))
    client.allocate(now: bench.now)
    #expect(isAllocated(talk(&client, bench)))
    client.refresh(seconds: 600, now: bench.now)
    let request = try #require(client.output.first)
    let message = try Message(request.span, in: 0..<request.count)
    #expect(message.integrityAlgorithm == (isLegacy ? .sha1 : .sha256))
    #expect(message.has(.userhash) == (!isLegacy && secrets.isEmpty))
    #expect(message.has(.username) != message.has(.userhash))
    #expect(message.has(.passwordAlgorithm) == !isLegacy)
    #expect(talk(&client, bench) == [.refreshed(lifetime: .seconds(600))])
  }

  @Test func `after 438 the client goes on with the new nonce`() {
    let bench = Bench()
    var client = TURNClient(username: "ann", password: "pw", random: SplitMix64(seed: 1))
    client.allocate(now: bench.now)
    #expect(isAllocated(talk(&client, bench)))
    for _ in 0..<2 {
      bench.advance(by: .seconds(599))
      client.refresh(seconds: 3_600, now: bench.now)
      #expect(talk(&client, bench) == [.refreshed(lifetime: .seconds(3_600))])
    }
    #expect(bench.turn.statistics.errors[438] == 1)
  }

  @Test("Trap 3: a challenge whose algorithms somebody took off is not answered")
  func stripped() {
    let bench = Bench()
    var client = TURNClient(username: "ann", password: "pw", random: SplitMix64(seed: 1))
    client.allocate(now: bench.now)
    let events = talk(&client, bench) { answer in
      // PASSWORD-ALGORITHMS is the last of a challenge.
      var shorter = Array(answer.dropLast(16))
      shorter[3] -= 16
      // So that the fingerprint, too, is left out with it.
      return shorter
    }
    #expect(events == [.refused(.allocate, code: 401)])
  }

  @Test func `an answer that is signed by SHA-1, or not at all, is not heard`() {
    let bench = Bench()
    var client = TURNClient(username: "ann", password: "pw", random: SplitMix64(seed: 1))
    client.allocate(now: bench.now)
    let events = talk(&client, bench) { answer in
      guard let message = try? Message(answer.span, in: 0..<answer.count),
        message.type.messageClass == .success
      else { return answer }
      var forged = MessageBuilder()
      forged.begin(message.type, message.transactionID)
      forged.add(.lifetime, uint32: 1)
      forged.finish(integrityKey: Bench.key)
      return forged.bytes
    }
    #expect(events.isEmpty)
  }
}
