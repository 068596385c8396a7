// swift-tools-version: 6.3
import PackageDescription

/// Every Swift target is held to the same rules; `Tests/HouseRules` checks that none opts out.
let house: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: house)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(name: name, dependencies: dependencies, swiftSettings: house)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: house)
}

/// Bottom up: C, values, cores, edges, services, executables. An import only ever points upwards in
/// this list; the same layers are named in `Tests/HouseRules/Layers.swift`.
let package = Package(
  name: "parley",
  products: ["parleyd", "stund", "turnd", "parleyctl", "parley-load"].map {
    .executable(name: $0, targets: [$0])
  },
  targets: [
    // C: module maps, and shims for what Swift cannot import.
    .target(name: "CLinux", cSettings: [.define("_GNU_SOURCE")]),
    .systemLibrary(name: "COpenSSL"),
    .systemLibrary(name: "CHiredis"),
    .systemLibrary(name: "CZlib"),
    .target(
      name: "CSimdjson",
      cxxSettings: [.define("SIMDJSON_EXCEPTIONS", to: "0")],
      linkerSettings: [.linkedLibrary("simdjson"), .linkedLibrary("stdc++")]),

    // Values.
    library("NetTypes"),
    library("Crypto", ["COpenSSL"]),
    library("AdminAPI"),

    // Cores.
    library("STUN", ["NetTypes", "Crypto"]),
    library("TURN", ["NetTypes", "Crypto", "STUN"]),
    library("TURNClient", ["NetTypes", "Crypto", "STUN"]),
    library("HTTP1", ["NetTypes"]),
    library("WebSocket", ["NetTypes", "Crypto", "HTTP1"]),
    library("Signaling", ["NetTypes", "Crypto"]),

    // Edges.
    library("EventLoop", ["CLinux", "NetTypes"]),
    library("Traffic", ["CLinux", "EventLoop", "NetTypes"]),
    library("TLS", ["COpenSSL", "Crypto", "EventLoop", "NetTypes", "STUN"]),
    library("JSON", ["CSimdjson"]),
    library("Compression", ["CZlib", "WebSocket"]),
    library("Logging", ["NetTypes"]),
    library("Configuration", ["NetTypes", "Crypto", "Logging"]),
    library("Terminal", ["CLinux", "EventLoop", "NetTypes"]),
    .target(
      name: "WebAssets",
      resources: [
        .embedInCode("Pages/parley.js"), .embedInCode("Pages/parley/base.js"),
        .embedInCode("Pages/parley/clock.js"), .embedInCode("Pages/parley/path.js"),
        .embedInCode("Pages/parley/signaling.js"), .embedInCode("Pages/parley/peer.js"),
        .embedInCode("Pages/parley.d.ts"), .embedInCode("Pages/index.html"),
        .embedInCode("Pages/demo.js"), .embedInCode("Pages/demo-source.js"),
        .embedInCode("Pages/demo-words.js"),
        .embedInCode("Pages/demo.css"),
        .embedInCode("Pages/favicon.svg"),
      ], swiftSettings: house),

    library("Redis", ["CHiredis"]),

    // Services.
    library("Gate", ["Configuration", "EventLoop", "NetTypes", "TLS"]),
    library(
      "RelayService",
      [
        "Configuration", "EventLoop", "Gate", "NetTypes", "Crypto", "STUN", "TLS", "TURN",
        "Logging",
      ]),
    library("Admission", ["Configuration", "Crypto", "JSON", "NetTypes", "Signaling"]),
    library(
      "SignalingService",
      [
        "Admission", "Compression", "Configuration", "EventLoop", "Gate", "NetTypes", "Crypto",
        "HTTP1", "WebSocket", "Signaling", "JSON", "Logging", "RelayService", "WebAssets", "TURN",
      ]),
    library(
      "UserDatabase",
      ["Configuration", "EventLoop", "Logging", "NetTypes", "Redis", "RelayService"]),
    library(
      "AdminService",
      [
        "AdminAPI", "Configuration", "EventLoop", "Gate", "NetTypes", "HTTP1", "TURN", "Signaling",
        "RelayService", "SignalingService", "Logging",
      ]),

    // Executables.
    program(
      "parleyd",
      [
        "Configuration", "Crypto", "EventLoop", "Gate", "Logging", "NetTypes", "RelayService",
        "SignalingService", "AdminService", "UserDatabase",
      ]),
    program(
      "stund", ["Configuration", "EventLoop", "Gate", "Logging", "NetTypes", "RelayService"]),
    program(
      "turnd",
      [
        "Configuration", "EventLoop", "Gate", "Logging", "NetTypes", "RelayService",
        "AdminService", "UserDatabase",
      ]),
    program(
      "parleyctl", ["AdminAPI", "Configuration", "EventLoop", "HTTP1", "NetTypes", "Terminal"]),
    program(
      "parley-load",
      [
        "Compression", "Configuration", "EventLoop", "JSON", "Logging", "NetTypes", "Crypto",
        "STUN", "TLS", "TURNClient", "Traffic", "HTTP1", "WebSocket",
      ]),

    // Tests.
    tests("NetTypesTests", ["NetTypes"]),
    .target(
      name: "TokenTesting", dependencies: ["Crypto"], path: "Tests/TokenTesting",
      swiftSettings: house),
    tests("CryptoTests", ["Crypto", "TokenTesting"]),
    tests("STUNTests", ["STUN", "NetTypes", "Crypto"]),
    .target(
      name: "TLSTesting", dependencies: ["COpenSSL"], path: "Tests/TLSTesting",
      swiftSettings: house),
    .target(name: "CMallocCounter", path: "Tests/CMallocCounter"),
    .target(
      name: "TURNTesting", dependencies: ["TURN", "NetTypes"], path: "Tests/TURNTesting",
      swiftSettings: house),
    tests(
      "TURNTests",
      ["TURN", "TURNTesting", "TURNClient", "STUN", "NetTypes", "Crypto", "CMallocCounter"]),
    tests(
      "RelayServiceTests",
      [
        "RelayService", "EventLoop", "Gate", "TLS", "TLSTesting", "TURN", "TURNClient", "STUN",
        "NetTypes", "Crypto", "CMallocCounter",
      ]),
    tests("GateTests", ["Gate", "EventLoop", "NetTypes", "TLS", "TLSTesting"]),
    tests("EventLoopTests", ["EventLoop", "NetTypes"]),
    tests("HTTP1Tests", ["HTTP1"]),
    tests("WebSocketTests", ["WebSocket", "Compression", "HTTP1", "NetTypes"]),
    tests("CompressionTests", ["Compression", "WebSocket"]),
    tests("SignalingTests", ["Signaling", "NetTypes", "Crypto"]),
    .target(
      name: "SignalingTesting", dependencies: ["NetTypes"], path: "Tests/SignalingTesting",
      swiftSettings: house),
    tests(
      "AdmissionTests",
      ["Admission", "Configuration", "Crypto", "NetTypes", "Signaling", "TokenTesting"]),
    .target(
      name: "SignalingSimulation",
      dependencies: [
        "SignalingService", "Signaling", "SignalingTesting", "WebSocket", "Crypto", "NetTypes",
      ], path: "Tests/SignalingSimulation", swiftSettings: house),
    .executableTarget(
      name: "parley-simulate", dependencies: ["SignalingSimulation"],
      path: "Tests/parley-simulate", swiftSettings: house),
    tests("SignalingSimulationTests", ["SignalingSimulation", "SignalingTesting", "NetTypes"]),
    tests("TLSTests", ["TLS", "TLSTesting", "EventLoop", "NetTypes"]),
    tests("JSONTests", ["JSON"]),
    tests(
      "SignalingServiceTests",
      [
        "Admission", "Compression", "Configuration", "SignalingService", "SignalingTesting",
        "Signaling", "NetTypes", "Crypto", "EventLoop", "HTTP1", "WebSocket", "CMallocCounter",
      ]),
    tests(
      "ConfigurationTests", ["Configuration", "Crypto", "Logging", "NetTypes", "TokenTesting"]),
    tests(
      "AdminServiceTests",
      [
        "AdminService", "AdminAPI", "Configuration", "RelayService", "SignalingService", "TURN",
        "STUN", "TURNClient", "Signaling", "WebSocket", "HTTP1", "EventLoop", "Crypto", "NetTypes",
      ]),
    tests("UserDatabaseTests", ["UserDatabase", "Redis", "RelayService", "NetTypes"]),
    tests(
      "ParleyctlTests",
      ["parleyctl", "AdminAPI", "Configuration", "EventLoop", "NetTypes", "Terminal"]),
    tests("TrafficTests", ["EventLoop", "NetTypes", "Traffic"]),
    tests(
      "ParleyLoadTests",
      [
        "Compression", "Configuration", "EventLoop", "parley-load", "JSON", "NetTypes", "STUN",
        "TURNClient", "Traffic", "WebSocket",
      ]),
    .target(name: "CMarks", path: "Tests/CMarks"),
    .executableTarget(
      name: "parley-instructions",
      dependencies: [
        "CMarks", "HTTP1", "NetTypes", "STUN", "Signaling", "SignalingService", "TURN",
        "TURNTesting", "WebSocket",
      ],
      path: "Tests/parley-instructions", swiftSettings: house),
    .target(name: "CFuzzer", path: "Tests/CFuzzer"),
    .target(
      name: "Fuzzing",
      dependencies: [
        "Compression", "Gate", "HTTP1", "TURN", "TURNTesting", "STUN", "NetTypes", "Crypto",
        "WebSocket",
      ],
      path: "Tests/Fuzzing", swiftSettings: house),
    .executableTarget(
      name: "parley-fuzz", dependencies: ["CFuzzer", "Fuzzing"], path: "Tests/parley-fuzz",
      swiftSettings: house),
    .executableTarget(
      name: "parley-echo",
      dependencies: ["Compression", "EventLoop", "HTTP1", "NetTypes", "WebSocket"],
      path: "Tests/parley-echo", swiftSettings: house),
    tests("FuzzingTests", ["Fuzzing", "NetTypes"]),
    tests("HouseRules", []),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)
