// TLS at the gate: one port for plaintext and TLS, for the relay and HTTP.

import EventLoop
import NetTypes
import TLS
import TLSTesting
import Testing

@testable import Gate

struct TLSGateTests {
  private let certificate: TestCertificate
  private let settings: GateSettings

  init() throws {
    certificate = try TestCertificate()
    let store = try CertificateStore(
      certificates: certificate.certificatePath, key: certificate.keyPath,
      protocols: ApplicationProtocols.stun + [ApplicationProtocols.http])
    var settings = GateSettings()
    settings.certificates = store
    self.settings = settings
  }

  /// Connects by TLS and sends `bytes` inside.
  private func connect(
    _ scene: Scene, _ bytes: [UInt8], protocols: [String] = [], header: [UInt8] = []
  ) throws {
    let trust = try TLSContext(trusting: certificate.certificatePath, protocols: protocols)
    try scene.connect(header, by: TLSEngine(connectingTo: "localhost", by: trust), inside: bytes)
  }

  @Test func `TLS on a TCP port is served, and the first byte inside tells for whom`() throws {
    for (bytes, tenant) in [([0, 1, 0, 0], "relay"), (Array("GET /".utf8), "http")]
      as [([UInt8], String)]
    {
      for transport in [NetTypes.Transport.tcp, .tls] {
        let scene = try Scene(settings, transport)
        try connect(scene, bytes)
        #expect(scene.run { $0.passed.count == 1 })
        let (served, gated) = try #require(scene.passed.first)
        #expect(served == tenant && gated.stream.input == bytes)
        #expect(gated.tuple.transport == .tls)
      }
    }
  }

  @Test func `what was agreed on by ALPN is what has to be spoken (RFC 7443)`() throws {
    for (name, bytes, tenant) in [
      ("stun.turn", [0, 1], "relay"), ("stun.nat-discovery", [0, 1], "relay"),
      ("http/1.1", [0x47], "http"), ("http/1.1", [0, 1], nil), ("stun.turn", [0x47], nil),
    ] as [(String, [UInt8], String?)] {
      let scene = try Scene(settings)
      try connect(scene, bytes, protocols: [name])
      #expect(scene.run { $0.passed.count == 1 || $0.closedClients == 1 })
      #expect(scene.passed.first?.tenant == tenant)
      if tenant == nil { #expect(scene.gate.figures.refused == ["garbage": 1]) }
    }
  }

  @Test func `a client that speaks of other protocols only is refused`() throws {
    let scene = try Scene(settings)
    try connect(scene, [0, 1], protocols: ["h2"])
    #expect(scene.run { $0.closedClients == 1 && $0.settings.halfOpen.count == 0 })
    #expect(scene.passed.isEmpty && scene.gate.figures.refused == ["tls": 1])
  }

  @Test func `a TLS port takes nothing else`() throws {
    for bytes in [[0, 1], Array("GET /".utf8)] as [[UInt8]] {
      let scene = try Scene(settings, .tls)
      try scene.connect(bytes)
      #expect(scene.run { $0.closedClients == 1 })
      #expect(scene.passed.isEmpty && scene.gate.figures.refused == ["garbage": 1])
    }
  }

  @Test func `without a certificate TLS is garbage`() throws {
    let scene = try Scene(http: false)
    try connect(scene, [0, 1])
    #expect(scene.run { $0.closedClients == 1 })
    #expect(scene.gate.figures.refused == ["garbage": 1])
  }

  @Test("Trap 34: a handshake that is begun and not ended is closed in time")
  func deadline() throws {
    var settings = settings
    settings.deadline = .milliseconds(1)
    let scene = try Scene(settings)
    try scene.connect([22, 3, 1, 0, 200])
    #expect(scene.run { $0.closedClients == 1 })
    #expect(scene.gate.figures.refused == ["timeout": 1])
    #expect(settings.halfOpen.count == 0)
  }

  @Test func `a PROXY header comes before TLS`() throws {
    var settings = settings
    settings.proxies = [CIDR("127.0.0.0/8")].compactMap(\.self)
    let scene = try Scene(settings)
    try connect(
      scene, [0, 1],
      header: ProxyHeaderTests.header(0x21, 0x11, ProxyHeaderTests.v4Body))
    #expect(scene.run { $0.passed.count == 1 })
    #expect(scene.passed.first?.gated.tuple.client == SocketAddress("203.0.113.9:1000"))
    #expect(scene.passed.first?.gated.tuple.transport == .tls)
  }
}
