// Runs many seeds of the simulation on all cores, and says what came of them.
//
//   parley-simulate [SEEDS] [--from FIRST] [--trace]
//
// PARLEY_SEED=N runs that seed alone. `--trace` tells all that happens, each seed's number first.

import Dispatch
import Foundation
import SignalingSimulation
import Synchronization

struct Options {
  var seeds: UInt64 = 1_000
  var first: UInt64 = 0
  var isTracing = false

  init?(_ arguments: some Sequence<String>, alone: String?) {
    var rest = arguments.makeIterator()
    while let argument = rest.next() {
      switch argument {
      case "--trace": isTracing = true
      case "--from":
        guard let number = rest.next().flatMap({ UInt64($0) }) else { return nil }
        first = number
      default:
        guard let number = UInt64(argument), number > 0 else { return nil }
        seeds = number
      }
    }
    if let seed = alone.flatMap({ UInt64($0) }) { (first, seeds) = (seed, 1) }
  }
}

struct Tally: Sendable {
  var coverage = Coverage()
  var failed: [(seed: UInt64, fault: String)] = []
}

/// Unbuffered, so that the last line before a crash is there.
func tell(_ what: String) { FileHandle.standardError.write(Data("\(what)\n".utf8)) }

/// Takes seeds, one after the other, until none is left or too many have failed.
func work(_ options: Options, _ next: borrowing Atomic<UInt64>, _ tally: borrowing Mutex<Tally>) {
  var own = Tally()
  while true {
    let index = next.add(1, ordering: .relaxed).oldValue
    if index >= options.seeds || own.failed.count >= 10 { break }
    let seed = options.first &+ index
    if options.isTracing { tell("seed \(seed)") }
    var trace: ((String) -> Void)?
    if options.isTracing { trace = { tell($0) } }
    let outcome = Simulation.run(seed: seed, trace: trace)
    own.coverage.add(outcome.coverage)
    if let fault = outcome.faults.first { own.failed.append((seed, fault)) }
  }
  tally.withLock {
    $0.coverage.add(own.coverage)
    $0.failed += own.failed
  }
}

let environment = ProcessInfo.processInfo.environment
guard let options = Options(CommandLine.arguments.dropFirst(), alone: environment["PARLEY_SEED"])
else {
  print("usage: parley-simulate [SEEDS] [--from FIRST] [--trace]")
  exit(64)
}
let next = Atomic<UInt64>(0)
let tally = Mutex(Tally())
let start = Date()
let workers = options.isTracing ? 1 : ProcessInfo.processInfo.activeProcessorCount
DispatchQueue.concurrentPerform(iterations: workers) { _ in work(options, next, tally) }

let result = tally.withLock { $0 }
for (name, count) in result.coverage.counts.sorted(by: { $0.key < $1.key }) {
  print(String(format: "%12d  ", count) + name)
}
for name in result.coverage.missing { print("       never  \(name)") }
for (seed, fault) in result.failed.sorted(by: { $0.seed < $1.seed }) {
  print("seed \(seed): \(fault)\n  again: PARLEY_SEED=\(seed) Tests/simulate")
}
let seconds = Date().timeIntervalSince(start)
print(
  "\(options.seeds) seeds in \(Int(seconds)) s, "
    + String(format: "%.2f ms a seed; ", seconds * 1_000 / Double(options.seeds))
    + "\(result.failed.count) failed")
let isProof = options.seeds < 5_000 || result.coverage.missing.isEmpty
exit(result.failed.isEmpty && isProof ? 0 : 1)
