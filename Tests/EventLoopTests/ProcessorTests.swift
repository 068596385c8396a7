// Event loops that are kept on processors.

import EventLoop
import Foundation
import Testing

struct ProcessorTests {
  /// Where the calling thread may run, as the kernel writes it.
  private static func allowed() -> String {
    let status = (try? String(contentsOfFile: "/proc/thread-self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") } ?? ""
    return line.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? ""
  }

  private func placeOfLoop(processors: [Int]) async throws -> String {
    let group = try LoopGroup(count: 1, processors: processors)
    let threads = try group.start()
    defer { for thread in threads { thread.stopAndJoin() } }
    return await withCheckedContinuation { continuation in
      group.loops[0].submit { continuation.resume(returning: Self.allowed()) }
    }
  }

  @Test func `a loop stays on the processor that it is given, and else where the process may`()
    async throws
  {
    let everywhere = Self.allowed()
    let first = try #require(Int(everywhere.prefix { $0.isNumber }))
    #expect(try await placeOfLoop(processors: [first]) == String(first))
    #expect(try await placeOfLoop(processors: []) == everywhere)
  }

  @Test func `a processor that is not there is refused before anything starts`() throws {
    let error = #expect(throws: SystemError.self) {
      try LoopGroup(count: 1, processors: [1_023])
    }
    #expect(error?.description.contains("processor 1023") == true)
  }
}
