// Seeds of the simulation: whatever the network does, nothing is lost, doubled or stays wrong.

import Foundation
import SignalingSimulation
import Testing

@Suite struct SimulationTests {
  #if DEBUG
    private static let seeds = 150
  #else
    private static let seeds = 2_000
  #endif

  @Test func whateverTheNetworkDoesEachSignalArrivesOnceAndInOrderOrAGapIsTold() {
    let given = ProcessInfo.processInfo.environment["PARLEY_SEED"].flatMap { UInt64($0) }
    let first = given ?? UInt64.random(in: 0...UInt64.max / 2)
    var coverage = Coverage()
    for seed in first..<first + UInt64(given == nil ? Self.seeds : 1) {
      let outcome = Simulation.run(seed: seed)
      coverage.add(outcome.coverage)
      if outcome.faults.isEmpty { continue }
      let again = "PARLEY_SEED=\(seed) swift test --filter SignalingSimulation"
      Issue.record("seed \(seed): \(outcome.faults.prefix(5)); again: \(again)")
    }
    if given != nil { return }
    #expect(coverage.counts["signals delivered", default: 0] > Self.seeds * 50)
    #if !DEBUG
      #expect(coverage.missing == [], "what a simulation never does it proves nothing of")
    #endif
  }

  @Test func aSeedIsTheSameRunEachTime() {
    let (first, second) = (Simulation.run(seed: 4_711), Simulation.run(seed: 4_711))
    #expect(first.coverage.counts == second.coverage.counts)
    #expect(first.faults == second.faults)
  }
}
