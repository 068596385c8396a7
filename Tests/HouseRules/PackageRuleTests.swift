// Shows that a manifest which leaves the house settings, or a stray folder, is caught.

import Testing

@Suite("House rules: the manifest")
struct PackageRuleTests {
  private static let head = """
    let house: [SwiftSetting] = [
      .strictMemorySafety(),
      .treatAllWarnings(as: .error),
      .enableUpcomingFeature("ExistentialAny"),
      .enableUpcomingFeature("InternalImportsByDefault"),
      .enableUpcomingFeature("MemberImportVisibility"),
    ]
    """

  private func check(_ targets: String, head: String = Self.head, modes: String = "[.v6]")
    -> [Violation]
  {
    let text = "\(head)\n\(targets)\n  swiftLanguageModes: \(modes)\n"
    return PackageRules.manifest(
      SourceFile(path: "Package.swift", text: text), cTargets: ["CLinux"])
  }

  @Test(arguments: [
    ".target(name: name, dependencies: dependencies, swiftSettings: house)",
    ".target(\n  name: \"Web\",\n  resources: [.embedInCode(\"a\")], swiftSettings: house)",
    ".target(name: \"CLinux\", cSettings: [.define(\"_GNU_SOURCE\")])",
    ".systemLibrary(name: \"COpenSSL\")",
    ".testTarget(name: \"A\", swiftSettings: house + [.enableExperimentalFeature(\"Lifetimes\")])",
  ])
  func `A target with the settings of the house is fine`(target: String) {
    #expect(check(target) == [])
  }

  @Test(arguments: [
    ".target(name: \"STUN\")",
    ".target(name: name, dependencies: dependencies)",
    ".executableTarget(name: \"turnd\", swiftSettings: [.strictMemorySafety()])",
    ".testTarget(name: \"T\", swiftSettings: other)",
    ".target(name: \"A\", swiftSettings: house), .target(name: \"B\", dependencies: [\"A\"])",
  ])
  func `A target that opts out is caught`(target: String) {
    #expect(check(target).count == 1)
  }

  @Test func `Weaker settings for all are caught`() {
    for setting in PackageRules.settings {
      let lines = Self.head.split(separator: "\n").filter { !$0.contains(setting) }
      #expect(check("", head: lines.joined(separator: "\n")).count == 1, "\(setting)")
    }
    #expect(check("", modes: "[.v5]").count == 1)
    #expect(check("let a = [.unsafeFlags([\"-Ounchecked\"])]").count == 1)
    #expect(check("dependencies: [.package(url: \"x\", from: \"1.0.0\")]").count == 1)
  }

  @Test func `The top level is exact`() {
    let agreed = PackageRules.topLevel
    #expect(PackageRules.topLevel(agreed) == [])
    #expect(PackageRules.topLevel(agreed.union([".ci", ".gitignore"])) == [])
    #expect(PackageRules.topLevel(agreed.union(["notes.txt"])).map(\.path) == ["notes.txt"])
    #expect(PackageRules.topLevel(agreed.subtracting(["Docs"])).map(\.path) == ["Docs"])
  }
}
