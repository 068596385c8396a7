// The layer table: every target of the package, bottom up, and what its layer may import.

/// A layer of the package. The cases are in order, from the bottom to the top.
enum Layer: Int, CaseIterable {
  case c, values, cores, edges, services, executables, tests

  /// Modules of the system that any target of the layer may import.
  var systemModules: Set<String> {
    switch self {
    case .c, .values, .cores: []
    case .edges: ["Glibc", "Dispatch", "Synchronization"]
    case .services: ["Synchronization"]
    case .executables: ["Glibc", "Synchronization"]
    case .tests: ["Testing", "Foundation", "Glibc", "Dispatch", "Synchronization"]
    }
  }

  /// Only these layers touch memory that nobody checks.
  var mayBeUnsafe: Bool {
    switch self {
    case .c, .edges, .tests: true
    case .values, .cores, .services, .executables: false
    }
  }
}

/// Where each target stands. Within a layer, too, an import only points to what comes earlier.
struct LayerTable {
  let targets: [(name: String, layer: Layer)]

  /// Where loops share something: on the way of no packet and no message.
  static let lockingFiles: Set<String> = [
    "Sources/Admission/FailureThrottle.swift", "Sources/EventLoop/EventLoop.swift",
    "Sources/EventLoop/LoopGroup.swift", "Sources/Gate/HalfOpen.swift",
    "Sources/RelayService/RelayService.swift", "Sources/RelayService/SharedBandwidth.swift",
    "Sources/RelayService/SharedPorts.swift", "Sources/RelayService/SharedQuota.swift",
    "Sources/SignalingService/SharedTenantLedger.swift", "Sources/TLS/CertificateStore.swift",
  ]

  /// Foundation is heavy and slow: only where it saves much, and never on the way of a packet.
  static let foundationTargets: Set<String> = ["Configuration", "AdminService", "parleyctl"]
  static let foundationModules: Set<String> = [
    "Foundation", "FoundationEssentials", "FoundationNetworking", "FoundationXML",
    "FoundationInternationalization",
  ]
  /// Crypto wraps OpenSSL, so pointers are its duty.
  static let unsafeTargets: Set<String> = ["Crypto"]
  /// Above the edges nobody sees a C module, except by what an edge makes of it.
  static let layersSeeingC: Set<Layer> = [.values, .edges, .tests]

  /// C that only tests link.
  static let cTestTargets: Set<String> = ["CMallocCounter", "CMarks", "CFuzzer"]

  static let parley = LayerTable(targets: [
    ("CLinux", .c), ("COpenSSL", .c), ("CHiredis", .c), ("CZlib", .c), ("CSimdjson", .c),
    ("NetTypes", .values), ("Crypto", .values), ("AdminAPI", .values),
    ("STUN", .cores), ("TURN", .cores), ("TURNClient", .cores), ("HTTP1", .cores),
    ("WebSocket", .cores), ("Signaling", .cores),
    ("EventLoop", .edges), ("Traffic", .edges), ("TLS", .edges), ("JSON", .edges),
    ("Compression", .edges),
    ("Logging", .edges), ("Configuration", .edges), ("Terminal", .edges),
    ("Redis", .edges), ("WebAssets", .edges),
    ("Gate", .services), ("RelayService", .services), ("Admission", .services),
    ("SignalingService", .services),
    ("UserDatabase", .services), ("AdminService", .services),
    ("parleyd", .executables), ("stund", .executables), ("turnd", .executables),
    ("parleyctl", .executables), ("parley-load", .executables),
    ("CMallocCounter", .tests), ("TLSTesting", .tests), ("TURNTesting", .tests),
    ("NetTypesTests", .tests),
    ("TokenTesting", .tests), ("CryptoTests", .tests),
    ("STUNTests", .tests),
    ("TURNTests", .tests),
    ("RelayServiceTests", .tests), ("EventLoopTests", .tests),
    ("HTTP1Tests", .tests),
    ("WebSocketTests", .tests), ("CompressionTests", .tests),
    ("SignalingTests", .tests), ("SignalingTesting", .tests),
    ("SignalingSimulation", .tests), ("parley-simulate", .tests),
    ("SignalingSimulationTests", .tests), ("TLSTests", .tests), ("GateTests", .tests),
    ("JSONTests", .tests), ("AdmissionTests", .tests),
    ("ConfigurationTests", .tests),
    ("UserDatabaseTests", .tests),
    ("SignalingServiceTests", .tests), ("AdminServiceTests", .tests), ("ParleyctlTests", .tests),
    ("TrafficTests", .tests), ("ParleyLoadTests", .tests), ("CFuzzer", .tests), ("Fuzzing", .tests),
    ("parley-fuzz", .tests), ("parley-echo", .tests), ("FuzzingTests", .tests),
    ("CMarks", .tests), ("parley-instructions", .tests),
    ("HouseRules", .tests),
  ])

  func position(of target: String) -> Int? {
    targets.firstIndex { $0.name == target || $0.name == moduleAlias(target) }
  }

  func layer(of target: String) -> Layer? {
    position(of: target).map { targets[$0].layer }
  }

  /// `import parley_load` names the target `parley-load`.
  private func moduleAlias(_ module: String) -> String {
    String(module.map { $0 == "_" ? "-" : $0 })
  }
}
