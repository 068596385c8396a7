// One fuzz target as a program: `Fuzz/run` builds it with libFuzzer; without, it replays a corpus.

import CFuzzer
import Foundation
import Fuzzing

/// libFuzzer hands in inputs by a C function, which knows the target from here only.
private nonisolated(unsafe) var chosen = FuzzTarget.stun

@main struct ParleyFuzz {
  static func main() {
    let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: " ")
    let words = CommandLine.arguments
    guard words.count > 1, let target = FuzzTarget(rawValue: words[1]) else {
      print("usage: parley-fuzz TARGET [LIBFUZZER-OPTIONS] FOLDER…\ntargets: \(names)")
      exit(64)
    }
    unsafe chosen = target
    // libFuzzer wants the program's name first and does not know the target.
    let arguments = unsafe CommandLine.unsafeArgv + 1
    unsafe arguments[0] = CommandLine.unsafeArgv[0]
    let status = unsafe fuzzer_run(CommandLine.argc - 1, arguments) { bytes, count in
      unsafe ParleyFuzz.check(Array(UnsafeBufferPointer(start: bytes, count: count)))
      return 0
    }
    if status >= 0 { exit(status) }
    replay(words.dropFirst(2).filter { !$0.hasPrefix("-") })
  }

  /// A finding ends the process: that is how libFuzzer knows one.
  private static func check(_ input: [UInt8]) {
    do {
      try unsafe chosen.run(input)
    } catch {
      fatalError("\(error)")
    }
  }

  private static func replay(_ folders: [String]) {
    var count = 0
    for folder in folders {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      for name in names.sorted() {
        let bytes = FileManager.default.contents(atPath: "\(folder)/\(name)")
        check(Array(bytes ?? Data()))
        count += 1
      }
    }
    print("replayed \(count) inputs; built without libFuzzer (see Fuzz/run)")
  }
}
