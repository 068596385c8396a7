// Holds the whole repository to the house rules.

import Foundation
import Testing

@Suite("House rules: the repository")
struct RepositoryTests {
  let table = LayerTable.parley
  let files: [SourceFile]
  let paths: [String]

  init() throws {
    files = try Repository.own.sourceFiles()
    paths = try Repository.own.paths()
  }

  private var swiftFiles: [SourceFile] { files.filter(\.isSwift) }

  private func expectNone(
    _ violations: [Violation], location: SourceLocation = #_sourceLocation
  ) {
    let list = violations.map(\.description).joined(separator: "\n")
    #expect(violations.isEmpty, "\n\(list)", sourceLocation: location)
  }

  @Test func `The scan sees the sources`() {
    #expect(swiftFiles.count > 40)
    for layer in Layer.allCases where layer != .c {
      #expect(swiftFiles.contains { table.layer(of: $0.target) == layer }, "\(layer)")
    }
  }

  @Test func `Imports point downwards and cores know nothing of the system`() {
    let package = swiftFiles.filter { $0.isInSources || $0.isInTests }
    expectNone(package.flatMap { ImportRules.imports($0, table: table) })
    expectNone(package.flatMap { ImportRules.ambient($0, table: table) })
  }

  @Test func `Files, lines and functions are short`() {
    expectNone(files.flatMap(SizeRules.fileLength))
    expectNone(files.flatMap(SizeRules.lineLength))
    expectNone(swiftFiles.flatMap(SizeRules.functionLength))
  }

  @Test func `Executables only compose`() {
    expectNone(SizeRules.executables(files, table: table))
  }

  @Test func `Every file opens with a sentence about its duty`() {
    expectNone(swiftFiles.flatMap(SizeRules.duty))
  }

  @Test func `Nothing traps on input and nothing is left unfinished`() {
    expectNone(swiftFiles.flatMap(SafetyRules.traps))
    expectNone(files.flatMap(SafetyRules.unfinished))
  }

  @Test func `Unchecked memory is for edges, Crypto and C wrappers`() {
    expectNone(swiftFiles.flatMap { SafetyRules.unsafeCode($0, table: table) })
  }

  @Test func `No packet and no message meets a lock`() {
    expectNone(swiftFiles.flatMap(SafetyRules.locks))
  }

  @Test func `Every Swift target has the settings of the house`() throws {
    let cTargets = Set(table.targets.filter { $0.layer == .c }.map(\.name))
      .union(LayerTable.cTestTargets)
    for target in cTargets {
      #expect(!swiftFiles.contains { $0.target == target }, "\(target) holds Swift")
    }
    let manifest = try Repository.own.file("Package.swift")
    expectNone(PackageRules.manifest(manifest, cTargets: cTargets))
    expectNone(SizeRules.lineLength(manifest))
  }

  @Test func `The top level and the target folders are as agreed`() {
    let entries = Set(paths.compactMap { $0.split(separator: "/").first.map(String.init) })
    expectNone(PackageRules.topLevel(entries))
    let folders = paths.map { $0.split(separator: "/") }.filter { parts in
      parts.count > 2 && ["Sources", "Tests"].contains(parts[0])
    }.map { $0.prefix(2).joined(separator: "/") }
    expectNone(PackageRules.targetFolders(Set(folders), table: table))
  }

  @Test func `The formatter has nothing to say`() throws {
    let lint = ["swift", "format", "lint", "--strict", "--parallel", "--recursive"]
    let result = try Repository.own.run(lint + ["Sources", "Tests", "Package.swift"])
    #expect(result.status == 0, "swift format ended with \(result.status):\n\(result.output)")
  }
}
