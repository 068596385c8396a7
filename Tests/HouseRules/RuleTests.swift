// Shows for every rule that it catches what it forbids, and nothing beside it.

import Testing

@Suite("House rules: each can fail")
struct RuleTests {
  let table = LayerTable.parley

  private func file(_ path: String, _ text: String) -> SourceFile {
    SourceFile(path: path, text: text)
  }

  private func imports(_ target: String, _ text: String) -> [Violation] {
    let folder = table.layer(of: target) == .tests ? "Tests" : "Sources"
    return ImportRules.imports(file("\(folder)/\(target)/A.swift", text), table: table)
  }

  // MARK: Imports

  @Test(arguments: [
    "import Foundation", "import struct Foundation.Date", "@preconcurrency import Foundation",
    "public import Foundation", "@_exported import FoundationEssentials",
    "#if canImport(Foundation)\nimport Foundation\n#endif", "import  /* why */ Foundation",
    "import Glibc", "import Dispatch", "import Synchronization",
    "import class Dispatch.DispatchQueue",
    "import CLinux", "import COpenSSL", "import Logging", "import EventLoop",
    "let a = 1; import Foundation",
  ])
  func `A core imports nothing of the system and nothing above`(text: String) {
    for core in ["STUN", "TURN", "HTTP1", "WebSocket", "Signaling"] {
      #expect(imports(core, "// A duty.\n" + text).count == 1, "\(core)")
    }
  }

  @Test(arguments: [
    "// import Foundation", "/* import Foundation */", "let a = \"import Foundation\"",
    "let a = \"\"\"\nimport Foundation\n\"\"\"", "import NetTypes", "public import Crypto", "",
    "let x = y.import.Foundation",
  ])
  func `A core may import values, and speak of anything`(text: String) {
    #expect(imports("STUN", text) == [])
  }

  @Test(arguments: [
    ("NetTypes", "STUN"), ("STUN", "TURN"), ("HTTP1", "WebSocket"), ("EventLoop", "RelayService"),
    ("RelayService", "SignalingService"), ("RelayService", "AdminService"),
    ("SignalingService", "parleyd"), ("Configuration", "turnd"), ("NetTypes", "Crypto"),
    ("Logging", "parley_load"), ("STUN", "STUN"), ("STUN", "STUNTests"),
  ])
  func `An import that points upwards is caught`(target: String, module: String) {
    #expect(imports(target, "import \(module)").count == 1)
  }

  @Test(arguments: [
    ("TURN", "STUN"), ("WebSocket", "HTTP1"), ("RelayService", "TURN"), ("AdminService", "Logging"),
    ("parleyd", "RelayService"), ("parley-load", "TURNClient"), ("EventLoop", "CLinux"),
    ("Crypto", "COpenSSL"), ("Configuration", "Foundation"), ("AdminService", "Foundation"),
    ("parleyctl", "Foundation"), ("STUNTests", "Foundation"), ("HouseRules", "Testing"),
    ("Logging", "Glibc"),
  ])
  func `An import that points downwards is fine`(target: String, module: String) {
    #expect(imports(target, "import \(module)") == [])
  }

  @Test(arguments: [
    ("Logging", "Foundation"), ("EventLoop", "Foundation"), ("RelayService", "Foundation"),
    ("parleyd", "Foundation"), ("parley-load", "Foundation"), ("RelayService", "CLinux"),
    ("parleyd", "CLinux"), ("RelayService", "Glibc"), ("Logging", "NIO"),
  ])
  func `Foundation, C and foreign modules stay where they belong`(target: String, module: String) {
    #expect(imports(target, "import \(module)").count == 1)
  }

  @Test func `A target outside of the table is caught`() {
    let stray = file("Sources/Stray/A.swift", "import NetTypes")
    #expect(ImportRules.imports(stray, table: table).count == 1)
    #expect(
      PackageRules.targetFolders(["Sources/Stray"], table: LayerTable(targets: [])).count == 1)
    let small = LayerTable(targets: [("STUN", .cores), ("STUNTests", .tests)])
    #expect(PackageRules.targetFolders(["Sources/STUN", "Tests/STUNTests"], table: small) == [])
    #expect(PackageRules.targetFolders(["Sources/STUN"], table: small).count == 1)
  }

  @Test(arguments: [
    "let now = ContinuousClock.now", "let d = Date()", "let x = Int.random(in: 1...2)",
    "let b = Bool.random()", "list.shuffle()", "let e = list.randomElement()",
    "var g = SystemRandomNumberGenerator()", "let t = SuspendingClock().now",
  ])
  func `A core that reads a clock or rolls dice is caught`(text: String) {
    let core = file("Sources/TURN/A.swift", text)
    #expect(ImportRules.ambient(core, table: table).count == 1)
    let edge = file("Sources/EventLoop/A.swift", text)
    #expect(ImportRules.ambient(edge, table: table) == [])
  }

  @Test(arguments: [
    "let x = Int.random(in: 1...2, using: &generator)", "func random() {}", "let a = \"Date\"",
    "header.Date", "list.shuffle(using: &generator)", "let random = 1", "// Date()",
  ])
  func `A core that is given time and dice is fine`(text: String) {
    #expect(ImportRules.ambient(file("Sources/TURN/A.swift", text), table: table) == [])
  }

  // MARK: Sizes

  private func function(lines: Int) -> String {
    "func f() {\n" + String(repeating: "  \"}\".g { { } }\n", count: lines - 2) + "}\n"
  }

  @Test func `A function at the limit is fine and one line more is caught`() {
    let max = SizeRules.functionLinesMax
    for (prefix, suffix) in [("", ""), ("struct S {\n", "}\n"), ("// {\n", "// }\n")] {
      let good = file("Sources/STUN/A.swift", prefix + function(lines: max) + suffix)
      #expect(SizeRules.functionLength(good) == [])
      let bad = file("Sources/STUN/A.swift", prefix + function(lines: max + 1) + suffix)
      let violations = SizeRules.functionLength(bad)
      #expect(violations.map(\.line) == [prefix.isEmpty ? 1 : 2])
      #expect(violations.allSatisfy { $0.message.contains("`func f` has \(max + 1) lines") })
    }
  }

  @Test func `A long initializer, getter and closure are caught as well`() {
    let body = "{\n" + String(repeating: "  a()\n", count: SizeRules.functionLinesMax) + "}\n"
    for head in ["init() ", "var x: Int ", "let f = ", "deinit ", "subscript(i: Int) -> Int "] {
      let bad = file("Sources/STUN/A.swift", "struct S {\n  func a() {}\n  \(head)\(body)}\n")
      #expect(SizeRules.functionLength(bad).map(\.line) == [3], "\(head)")
    }
  }

  @Test func `A file at the limit is fine and one line more is caught`() {
    let max = SizeRules.fileLinesMax
    let text = String(repeating: "a\n", count: max)
    #expect(SizeRules.fileLength(file("Sources/STUN/A.swift", text)) == [])
    #expect(SizeRules.fileLength(file("Sources/STUN/A.swift", text + "a")).count == 1)
  }

  @Test func `A line at the limit is fine and one column more is caught`() {
    let text = String(repeating: "ä", count: SizeRules.lineColumnsMax)
    #expect(SizeRules.lineLength(file("Sources/STUN/A.swift", text + "\n" + text)) == [])
    let bad = SizeRules.lineLength(file("Sources/STUN/A.swift", "\n" + text + "a\n"))
    #expect(bad.map(\.line) == [2])
  }

  @Test func `An executable with too many lines is caught`() {
    let limit = SizeRules.executableLinesLimit
    let text = String(repeating: "a\n", count: limit - 1)
    let good = file("Sources/turnd/Main.swift", text)
    #expect(SizeRules.executables([good], table: table) == [])
    let more = file("Sources/turnd/More.swift", "a\n")
    #expect(SizeRules.executables([good, more], table: table).map(\.path) == ["Sources/turnd"])
    let tool = file("Sources/parleyctl/Main.swift", text + "a\n")
    #expect(SizeRules.executables([tool], table: table).map(\.path) == ["Sources/parleyctl"])
  }

  @Test(arguments: [
    "", "import NetTypes\n", "/// Documentation.\nstruct S {}", "//\n// \n", "// Header\n",
    "\n// Late, but a sentence.\n", "// STUN.\n", "//  NetTypes.swift\n//  Created by nobody\n",
  ])
  func `A file without a sentence of duty is caught`(text: String) {
    #expect(SizeRules.duty(file("Sources/STUN/A.swift", text)).count == 1)
  }

  @Test(arguments: [
    "// Reads headers.\nimport NetTypes", "// Reads headers, and does so\n// carefully.\n\n// X",
    "// Reads headers.\n/// A header.\nstruct Header {}",
  ])
  func `A sentence of duty may take more than one line`(text: String) {
    #expect(SizeRules.duty(file("Sources/STUN/A.swift", text)) == [])
  }

  // MARK: Safety

  @Test(arguments: [
    "let a = b!", "a!.b()", "f()!", "a[0]!", "let x: Int! = nil", "try! f()", "a as! B",
    "\"\\(a!)\"", "fatalError(\"no\")", "a?.b!", "x = y!\n", "{ a }!", "f(a!, b)",
  ])
  func `A trap is caught in Sources only`(text: String) {
    #expect(SafetyRules.traps(file("Sources/STUN/A.swift", text)).count == 1)
    #expect(SafetyRules.traps(file("Tests/STUNTests/A.swift", text)) == [])
  }

  @Test(arguments: [
    "if !a { }", "a != b", "a !== b", "f(!a)", "[!a]", "return !a", "try? f()", "a as? B",
    "let s = \"a!\"", "// a!", "a && !b", "precondition(a)", "let fatalErrors = 1", "while !x.y {}",
  ])
  func `What only looks like a trap is fine`(text: String) {
    #expect(SafetyRules.traps(file("Sources/STUN/A.swift", text)) == [])
  }

  @Test func `Notes to oneself are caught in Sources`() {
    for note in ["// TODO: more", "let a = 1 // FIXME", "/* XXX */", "// HACK, sorry"] {
      #expect(SafetyRules.unfinished(file("Sources/STUN/A.swift", "\n" + note)).count == 1)
      #expect(SafetyRules.unfinished(file("Sources/WebAssets/a.js", note)).count == 1)
      #expect(SafetyRules.unfinished(file("Tests/HouseRules/A.swift", note)) == [])
    }
    #expect(SafetyRules.unfinished(file("Sources/STUN/A.swift", "// todos, TODOS")) == [])
  }

  @Test func `Unsafe code is caught outside of edges`() {
    let text = "let a = unsafe b.load()"
    for (target, count) in [
      ("STUN", 1), ("NetTypes", 1), ("RelayService", 1), ("parleyd", 1), ("EventLoop", 0),
      ("Crypto", 0), ("JSON", 0), ("Logging", 0),
    ] {
      let violations = SafetyRules.unsafeCode(
        file("Sources/\(target)/A.swift", text), table: table)
      #expect(violations.count == count, "\(target)")
    }
    let words = file("Sources/STUN/A.swift", "// unsafe\nlet a = \"unsafe\"\nlet unsafely = 1")
    #expect(SafetyRules.unsafeCode(words, table: table) == [])
  }

  @Test func `Locks are caught where nothing is shared`() {
    let text = "let all = Mutex(0)\nall.withLock { $0 += 1 }"
    #expect(SafetyRules.locks(file("Sources/TURN/A.swift", text)).count == 2)
    #expect(SafetyRules.locks(file("Sources/RelayService/RelayLoop.swift", text)).count == 2)
    #expect(SafetyRules.locks(file("Sources/RelayService/SharedQuota.swift", text)) == [])
    #expect(SafetyRules.locks(file("Tests/TURNTests/A.swift", text)) == [])
    #expect(SafetyRules.locks(file("Sources/TURN/A.swift", "// a Mutex\nlet mutex = 1")) == [])
  }

  @Test func `The formatter's complaint would be heard`() throws {
    let missing = try Repository.own.run(["no-such-tool-anywhere", "lint"])
    #expect(missing.status == 127)
  }
}
