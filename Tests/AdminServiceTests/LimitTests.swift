// The bounds of the endpoint: how many may ask, and for how long they may take.

import EventLoop
import Glibc
import NetTypes
import RelayService
import Testing

@testable import AdminService

@Suite struct LimitTests {
  /// An endpoint whose loop only runs when told to, and whose relay never answers.
  private final class Idle {
    let loop: EventLoop
    let connections: AdminConnections
    private let relays: LoopGroup

    init() throws {
      loop = try EventLoop()
      relays = try LoopGroup(count: 1)
      let relay = try RelayService(on: relays, RunningServer.relaySettings())
      let lifecycle = Lifecycle(
        on: relays, relay, .init(drainDeadline: .zero, stopGrace: .zero))
      connections = AdminConnections(
        AdminSources(lifecycle: lifecycle, relay: relay, signaling: nil),
        isReachedByBrowsers: false, on: loop)
    }

    func connect() throws -> ClientSocket {
      var ends: [Int32] = [0, 0]
      let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
      guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw SocketFailure.connect }
      // Our end waits.
      _ = fcntl(ends[1], F_SETFL, 0)
      connections.accept(ends[0], nil)
      return ClientSocket(descriptor: ends[1])
    }

    /// Handles what has arrived; to be called once.
    func run() {
      loop.submit { [loop] in loop.stop() }
      loop.run()
    }
  }

  @Test func `Whoever only holds connections does not keep out who has a question`() throws {
    try withServer { server in
      var holders: [ClientSocket] = []
      for _ in 0..<AdminLimits.connectionsMax {
        let client = try server.client()
        #expect(try client.ask("/healthz").status == 200)
        holders.append(client)
      }
      #expect(try server.client().ask("/healthz").status == 200)
      // The one that had been silent for longest made room.
      #expect(try holders[0].receive() == nil)
      #expect(try holders[1].ask("/healthz").status == 200)
    }
  }

  @Test func `No more than sixteen wait for answers at a time`() throws {
    let idle = try Idle()
    var clients: [ClientSocket] = []
    for _ in 0..<AdminLimits.connectionsMax {
      let client = try idle.connect()
      client.send(ClientSocket.request("/allocations"))
      clients.append(client)
    }
    idle.run()
    #expect(try idle.connect().receive() == nil)
    _ = clients
  }

  @Test func `Who leaves makes room`() throws {
    try withServer { server in
      var clients: [ClientSocket] = []
      for _ in 0..<AdminLimits.connectionsMax {
        let client = try server.client()
        #expect(try client.ask("/healthz").status == 200)
        clients.append(client)
      }
      clients.removeLast()
      let end = Clock.now() + .seconds(10)
      var status: Int?
      while status == nil && Clock.now() < end {
        status = try? server.client().ask("/healthz").status
      }
      #expect(status == 200)
      #expect(try clients[0].ask("/healthz").status == 200)
    }
  }

  @Test func `A client that never ends its request is closed when its time is up`() throws {
    let idle = try Idle()
    let client = try idle.connect()
    client.send("GET /healthz HTTP/1.1\r\nHost: ")
    let start = idle.loop.now
    idle.run()
    // What has come of the request moves nothing.
    #expect(idle.connections.nextDeadline == start + AdminLimits.requestTimeout)
    idle.connections.advance(to: start + AdminLimits.requestTimeout)
    #expect(try client.receive() == nil)
    #expect(idle.connections.nextDeadline == nil)
  }

  @Test func `When the loops do not say what they see the client is told so`() throws {
    let idle = try Idle()
    let client = try idle.connect()
    client.send(ClientSocket.request("/allocations"))
    idle.run()
    let deadline = try #require(idle.connections.nextDeadline)
    #expect(deadline <= idle.loop.now + AdminLimits.inspectionTimeout)
    idle.connections.advance(to: deadline)
    let answer = try client.answer()
    #expect(answer.status == 503 && answer.errorCode == "no_answer")
    #expect(try client.receive() == nil)
  }

  @Test func `The end of the service closes every connection`() throws {
    let idle = try Idle()
    let clients = try (0..<3).map { _ in try idle.connect() }
    idle.connections.closeAll()
    for client in clients { #expect(try client.receive() == nil) }
    #expect(idle.connections.nextDeadline == nil)
  }
}
