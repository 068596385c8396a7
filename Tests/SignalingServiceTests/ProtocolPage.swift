// What Docs/protocol.md says, read from its tables.

import Foundation

/// The tables of the page that specifies the protocol.
struct ProtocolPage {
  struct Row {
    var type: String
    var required: Set<String>
    var optional: Set<String>
  }

  let clientRows: [Row]
  let serverRows: [Row]
  /// What `presence` tells, by state.
  let changeRows: [Row]
  /// The example of `joined`.
  let joined: String
  let errorCodes: Set<String>
  let closeCodes: Set<UInt16>

  init() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let page = try String(
      contentsOf: root.appendingPathComponent("Docs/protocol.md"), encoding: .utf8)
    clientRows = Self.rows(of: Self.section("What a client sends", of: page))
    let server = Self.section("What the server sends", of: page)
    let parts = server.components(separatedBy: "\n`presence` has")
    serverRows = Self.rows(of: parts[0])
    changeRows = Self.rows(of: parts.last ?? "")
    joined =
      server.components(separatedBy: "```json").last?
      .components(separatedBy: "```").first ?? ""
    errorCodes = Set(
      Self.cells(of: Self.section("Errors", of: page)).flatMap { Self.names(in: $0[0]) }
    )
    .subtracting(["code"])
    let codes = Self.cells(of: Self.section("Close codes", of: page)).flatMap {
      $0[0].components(separatedBy: ",")
    }
    closeCodes = Set(codes.compactMap { UInt16($0.trimmingCharacters(in: .whitespaces)) })
  }

  private static func section(_ title: String, of page: String) -> String {
    let after = page.components(separatedBy: "\n## \(title)\n").last ?? ""
    return after.components(separatedBy: "\n## ").first ?? ""
  }

  private static func cells(of section: String) -> [[String]] {
    section.components(separatedBy: "\n").filter { $0.hasPrefix("|") && !$0.hasPrefix("|---") }
      .map { line in
        line.dropFirst().components(separatedBy: "|")
          .map { $0.trimmingCharacters(in: .whitespaces) }
      }
  }

  private static func names(in cell: String) -> [String] {
    cell.components(separatedBy: "`").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
  }

  private static func rows(of section: String) -> [Row] {
    cells(of: section).dropFirst().flatMap { cells -> [Row] in
      let optional = cells[1].components(separatedBy: "`?").dropLast()
        .compactMap { $0.components(separatedBy: "`").last }
      let all = names(in: cells[1])
      return names(in: cells[0]).map {
        Row(type: $0, required: Set(all).subtracting(optional), optional: Set(optional))
      }
    }
  }
}
