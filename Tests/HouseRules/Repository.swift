// Reads the repository this file belongs to, and runs tools in it.

import Foundation
import Glibc

/// The repository on disk. Only what belongs to it counts: no build folders, nothing ignored.
struct Repository {
  let root: URL

  private static let textEndings: Set<String> = [
    "swift", "c", "h", "cpp", "js", "ts", "css", "py", "sh",
  ]

  static let own = Repository(
    root: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent())

  struct ToolResult {
    let status: Int32
    let output: String
  }

  /// Runs a tool of the PATH in the root. One that is missing ends with status 127, as shells say.
  ///
  /// Not by Foundation's `Process`: it looks at each open descriptor and copies beyond the end of
  /// the list where there are some thousand, as tests of sockets have them at the same time.
  func run(_ arguments: [String]) throws -> ToolResult {
    let command = "cd \(Self.quoted(root.path)) && exec \(Self.quoted(arguments)) 2>&1"
    guard let pipe = unsafe popen(command, "r") else { throw POSIXError(.EAGAIN) }
    var output: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65_536)
    while case let count = unsafe fread(&part, 1, part.count, pipe), count > 0 {
      output += part[..<count]
    }
    // wait(2): the exit status is the second byte.
    let status = unsafe pclose(pipe) >> 8 & 0xFF
    return ToolResult(status: status, output: String(decoding: output, as: UTF8.self))
  }

  private static func quoted(_ words: String...) -> String { quoted(words) }

  private static func quoted(_ words: [String]) -> String {
    words.map { "'" + $0.replacing("'", with: "'\\''") + "'" }.joined(separator: " ")
  }

  /// Paths of all files, from git where there is a checkout, else from the folders.
  func paths() throws -> [String] {
    let listing = try run([
      "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard",
    ])
    if listing.status == 0 {
      let listed = Set(listing.output.split(separator: "\0").map(String.init))
      return listed.filter { FileManager.default.fileExists(atPath: root.appending(path: $0).path) }
        .sorted()
    }
    let all = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
    return all.filter { path in
      !path.split(separator: "/").contains { $0.hasPrefix(".") || $0 == "__pycache__" }
        && isFile(path)
    }.sorted()
  }

  private func isFile(_ path: String) -> Bool {
    let values = try? root.appending(path: path).resourceValues(forKeys: [.isRegularFileKey])
    return values?.isRegularFile == true
  }

  func file(_ path: String) throws -> SourceFile {
    let text = try String(contentsOf: root.appending(path: path), encoding: .utf8)
    return SourceFile(path: path, text: text)
  }

  /// Everything that people write by hand and rules apply to.
  func sourceFiles() throws -> [SourceFile] {
    let folders = ["Sources/", "Tests/", "Interop/"]
    return try paths().filter { path in
      let ending = path.split(separator: ".").last.map(String.init) ?? ""
      return folders.contains(where: path.hasPrefix) && Self.textEndings.contains(ending)
    }.map(file)
  }
}
