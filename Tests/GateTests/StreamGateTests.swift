// Connections through the gate over real sockets, on one loop that the test turns.

import EventLoop
import NetTypes
import Testing

@testable import Gate

/// A gate with both tenants, and clients of it, all on one loop.
final class Scene: ByteStreamHandler, DeadlineHandler {
  let loop: EventLoop
  let gate: StreamGate
  let settings: GateSettings
  var address = SocketAddress(.loopbackV4, port: 0)
  /// Who got what: `relay` or `http`.
  var passed: [(tenant: String, gated: GatedStream)] = []
  var clients: [ByteStream] = []
  var closedClients = 0
  private var toSend: [[UInt8]] = []
  private var ciphers: [(cipher: any StreamCipher, inside: [UInt8])?] = []
  private var isDone: (Scene) -> Bool = { _ in false }
  private let limit: Instant

  init(
    _ settings: GateSettings = GateSettings(), _ transport: NetTypes.Transport = .tcp,
    http: Bool = true
  ) throws {
    loop = try EventLoop()
    limit = loop.now + .seconds(10)
    self.settings = settings
    gate = StreamGate(loop, settings)
    let door = Door(
      transport, relay: { [unowned self] in passed.append(("relay", $0)) },
      http: http ? { [unowned self] in passed.append(("http", $0)) } : nil)
    address = try gate.listen(address, door)
    loop.add(self)
  }

  /// Connects and sends `bytes` once connected.
  func connect(
    _ bytes: [UInt8] = [], by cipher: (any StreamCipher)? = nil, inside: [UInt8] = []
  ) throws {
    toSend.append(bytes)
    ciphers.append(cipher.map { ($0, inside) })
    let client = try ByteStream(connect: address, on: loop, inputMax: 65_536, outputMax: 65_536)
    client.handler = self
    clients.append(client)
  }

  /// Turns the loop until `condition` holds; false after ten seconds.
  func run(until condition: @escaping (Scene) -> Bool) -> Bool {
    isDone = condition
    loop.run()
    return condition(self)
  }

  var nextDeadline: Instant? { loop.now }
  func advance(to now: Instant) { if isDone(self) || now > limit { loop.stop() } }

  func received(on stream: ByteStream) {}
  func drained(_ stream: ByteStream) {
    guard let index = clients.firstIndex(where: { $0 === stream }) else { return }
    let bytes = toSend[index]
    toSend[index] = []
    if !bytes.isEmpty { stream.send(bytes) }
    guard let (cipher, inside) = ciphers[index] else { return }
    toSend[index] = inside
    ciphers[index] = nil
    stream.secure(by: cipher)
  }
  func established(_ stream: ByteStream) { drained(stream) }
  func closed(_ stream: ByteStream) { closedClients += 1 }
  func text(_ index: Int) -> String { String(decoding: clients[index].input, as: UTF8.self) }
}

private let trusting = [CIDR("127.0.0.0/8")].compactMap(\.self)

struct StreamGateTests {
  @Test func `the first byte tells the relay from HTTP, and nothing is lost`() throws {
    for (bytes, tenant) in [
      ([0, 1, 0, 0], "relay"), (Array("GET / HTTP/1.1\r\n".utf8), "http"), ([0x0D, 0x0A], "http"),
    ] as [([UInt8], String)] {
      let scene = try Scene()
      try scene.connect(bytes)
      #expect(scene.run { $0.passed.count == 1 })
      #expect(scene.passed.first?.tenant == tenant)
      let gated = try #require(scene.passed.first).gated
      #expect(gated.stream.input == bytes)
      #expect(gated.tuple.server == scene.address && gated.tuple.transport == .tcp)
      // HTTP has limits of its own; a client of the relay has proved nothing yet.
      #expect((gated.place == nil) == (tenant == "http"))
      #expect(scene.settings.halfOpen.count == (tenant == "http" ? 0 : 1))
    }
  }

  @Test("Trap 25: HTTP at a TURN port gets a short answer and a clean end")
  func httpAtRelay() throws {
    let scene = try Scene(http: false)
    try scene.connect(Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
    #expect(scene.run { $0.closedClients == 1 })
    #expect(scene.text(0).hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
    #expect(scene.text(0).contains("Connection: close\r\n"))
    #expect(scene.gate.figures.refused == ["http": 1])
    #expect(scene.passed.isEmpty && scene.settings.halfOpen.count == 0)
  }

  @Test("Trap 25: other bytes at a TURN port are closed, ChannelData without allocation too")
  func garbage() throws {
    for byte in [0x04, 0x0D, 0x14, 0x60, 0x7F, 0x80, 0xFF] as [UInt8] {
      let scene = try Scene(http: false)
      try scene.connect([byte, 1, 2, 3])
      #expect(scene.run { $0.closedClients == 1 })
      #expect(scene.text(0).isEmpty && scene.passed.isEmpty)
      #expect(scene.gate.figures.refused == ["garbage": 1])
    }
  }

  @Test("Trap 34: who says nothing in time is closed, and the place is free")
  func deadline() throws {
    var settings = GateSettings()
    settings.deadline = .milliseconds(1)
    let scene = try Scene(settings)
    try scene.connect()
    #expect(scene.run { $0.closedClients == 1 })
    #expect(scene.gate.figures.refused == ["timeout": 1])
    #expect(settings.halfOpen.count == 0)
  }

  @Test("Trap 34: beyond the limits of half-open connections new ones are closed at once")
  func limits() throws {
    // A source has a 16th of 32.
    let scene = try Scene(GateSettings(halfOpenMax: 32))
    for _ in 0..<3 { try scene.connect() }
    #expect(scene.run { $0.closedClients == 1 })
    #expect(scene.gate.figures.refused == ["half_open_of_source": 1])
    #expect(scene.gate.figures.accepted == 3)
    let crowded = try Scene(GateSettings(proxies: trusting, halfOpenMax: 2))
    for _ in 0..<3 { try crowded.connect() }
    #expect(crowded.run { $0.closedClients == 1 })
    #expect(crowded.gate.figures.refused == ["half_open": 1])
  }

  @Test func `a trusted proxy's header names the client, before any protocol`() throws {
    for (rest, tenant) in [([0, 1], "relay"), (Array("GET /".utf8), "http")]
      as [([UInt8], String)]
    {
      let scene = try Scene(GateSettings(proxies: trusting))
      try scene.connect(ProxyHeaderTests.header(0x21, 0x11, ProxyHeaderTests.v4Body) + rest)
      #expect(scene.run { $0.passed.count == 1 })
      let (served, gated) = try #require(scene.passed.first)
      #expect(served == tenant && gated.stream.input == rest)
      #expect(gated.tuple.client == SocketAddress("203.0.113.9:1000"))
      #expect(gated.tuple.server == SocketAddress("192.0.2.1:443"))
    }
  }

  @Test func `a trusted proxy may check the port itself, with a header or without`() throws {
    for header in [ProxyHeaderTests.header(0x20, 0, []), []] {
      let scene = try Scene(GateSettings(proxies: trusting))
      try scene.connect(header + [0, 1])
      #expect(scene.run { $0.passed.count == 1 })
      #expect(scene.passed.first?.gated.tuple.client.ip == .loopbackV4)
      #expect(scene.passed.first?.gated.stream.input == [0, 1])
    }
  }

  @Test func `a stranger's PROXY header is garbage, and a trusted one's has to be right`() throws {
    let stranger = try Scene(http: false)
    try stranger.connect(ProxyHeaderTests.header(0x21, 0x11, ProxyHeaderTests.v4Body) + [0, 1])
    #expect(stranger.run { $0.closedClients == 1 })
    #expect(stranger.gate.figures.refused == ["garbage": 1])
    let wrong = try Scene(GateSettings(proxies: trusting))
    try wrong.connect(ProxyHeaderTests.header(0x31, 0x11, ProxyHeaderTests.v4Body) + [0, 1])
    #expect(wrong.run { $0.closedClients == 1 })
    #expect(wrong.gate.figures.refused == ["bad_proxy_header": 1])
  }
}
