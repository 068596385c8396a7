// A relay whose credentials and limits change while clients are connected.

import Dispatch
import EventLoop
import NetTypes
import STUN
import TURN
import TURNClient
import Testing

@testable import RelayService

@Suite(.timeLimit(.minutes(1))) struct ReloadTests {
  private func settings(
    users: [String: String], userQuota: Int?, nonceKey: UInt8 = 3
  ) -> RelayService.Settings {
    let configuration = TURNConfiguration(
      realm: "test", credentials: CredentialStore(realm: "test", users: users, secrets: []),
      nonces: NonceMint(key: Array(repeating: nonceKey, count: 32), lifetime: .seconds(600)),
      peers: PeerFilter(), relayAddresses: [.loopbackV4])
    return RelayService.Settings(
      listeners: [RelayListener(.udp, SocketAddress(.loopbackV4, port: 0))], turn: configuration,
      userQuota: userQuota)
  }

  @Test func `users and quotas are new on every loop, and allocations stay`() throws {
    let group = try LoopGroup(count: 2)
    let relay = try RelayService(on: group, settings(users: ["u": "other"], userQuota: nil))
    let threads = try group.start()
    defer {
      relay.stop()
      for thread in threads { thread.stopAndJoin() }
    }
    let server = relay.addresses[0]
    let early = try Client(server)
    #expect(early.refused() == 401)
    relay.reload(settings(users: ["u": "p"], userQuota: 2))
    let held = try (0..<2).map { _ in
      let client = try Client(server)
      _ = try client.allocate()
      return client
    }
    #expect(relay.allocations == 2)
    #expect(try Client(server).refused() == 486)
    // Who has more than he may have now keeps it.
    relay.reload(settings(users: ["u": "p"], userQuota: 1))
    #expect(try Client(server).refused() == 486)
    #expect(relay.allocations == 2)
    relay.reload(settings(users: ["u": "p"], userQuota: nil))
    _ = try Client(server).allocate()
    #expect(relay.allocations == 3)
    withExtendedLifetime(held) {}
  }

  @Test func `users of a database stay through a new configuration`() throws {
    let group = try LoopGroup(count: 2)
    let relay = try RelayService(on: group, settings(users: ["other": "x"], userQuota: nil))
    let threads = try group.start()
    defer {
      relay.stop()
      for thread in threads { thread.stopAndJoin() }
    }
    let server = relay.addresses[0]
    let key = PasswordAlgorithm.md5.key(username: "u", realm: "test", password: "p")
    relay.take(StoredUsers(keys: ["u": key]))
    #expect(try Client(server).refused() == nil)
    relay.reload(settings(users: ["third": "x"], userQuota: nil))
    #expect(try Client(server).refused() == nil)
    // What the database no longer has is gone, whatever the configuration was meanwhile.
    relay.take(StoredUsers())
    #expect(try Client(server).refused() == 401)
  }

  @Test("Trap 2: a reload makes new keys for nonces, as each does, and those given out go on")
  func nonces() async throws {
    let group = try LoopGroup(count: 2)
    let relay = try RelayService(on: group, settings(users: ["u": "p"], userQuota: nil))
    let threads = try group.start()
    defer {
      relay.stop()
      for thread in threads { thread.stopAndJoin() }
    }
    let client = try Client(relay.addresses[0])
    _ = try client.allocate()
    relay.reload(settings(users: ["u": "p"], userQuota: nil, nonceKey: 4))
    client.core.refresh(seconds: 600, now: Clock.now())
    let refreshed = client.wait { event, _ in if case .refreshed = event { true } else { false } }
    #expect(refreshed != nil)
    let errors = await withCheckedContinuation { continuation in
      relay.inspect(on: group.loops[0]) { continuation.resume(returning: $0.errors) }
    }
    #expect(errors[438] == nil)
  }
}

extension Client {
  /// The code that an Allocate is refused with; `nil` when it is not.
  func refused() -> Int? {
    core.allocate(now: Clock.now())
    let event = wait { event, _ in
      if case .refused = event { return true }
      if case .allocated = event { return true }
      return false
    }
    guard case .refused(_, let code)? = event else { return nil }
    return code
  }
}
