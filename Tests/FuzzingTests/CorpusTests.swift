// Every fuzz target over its committed corpus, and over a few thousand mutations of it by seed.

import Foundation
import Fuzzing
import NetTypes
import Testing

struct CorpusTests {
  /// Another seed: `PARLEY_SEED=N swift test --filter CorpusTests`.
  static let seed =
    ProcessInfo.processInfo.environment["PARLEY_SEED"].flatMap(UInt64.init) ?? 1
  static let mutations = 2_000
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Fuzz/Corpus")

  struct Sample {
    let name: String
    let bytes: [UInt8]
  }

  private static func corpus(_ target: FuzzTarget) throws -> [Sample] {
    let folder = folder.appending(path: target.rawValue)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    return try names.map { name in
      Sample(name: name, bytes: Array(try Data(contentsOf: folder.appending(path: name))))
    }
  }

  @Test(arguments: FuzzTarget.allCases)
  func `Every input of the corpus keeps the promises`(_ target: FuzzTarget) throws {
    let corpus = try Self.corpus(target)
    #expect(corpus.count >= 4)
    for sample in corpus {
      #expect(throws: Never.self, "\(target.rawValue)/\(sample.name)") {
        try target.run(sample.bytes)
      }
    }
  }

  @Test(arguments: FuzzTarget.allCases)
  func `Mutations of the corpus by seed keep the promises`(_ target: FuzzTarget) throws {
    let corpus = try Self.corpus(target).map(\.bytes)
    var mutator = Mutator(corpus: corpus, seed: Self.seed)
    for round in 0..<Self.mutations {
      let input = mutator.next()
      do {
        try target.run(input)
      } catch {
        let text = input.map { String($0, radix: 16) }.joined(separator: " ")
        Issue.record(
          "\(error) in round \(round): \(text); again: PARLEY_SEED=\(Self.seed) swift test")
        return
      }
    }
  }
}

/// Changes inputs a little, as a fuzzer does that sees nothing.
private struct Mutator {
  let corpus: [[UInt8]]
  var random: SplitMix64

  init(corpus: [[UInt8]], seed: UInt64) {
    self.corpus = corpus
    random = SplitMix64(seed: seed)
  }

  mutating func next() -> [UInt8] {
    var input = corpus.randomElement(using: &random) ?? []
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let place = Int.random(in: 0...input.count, using: &random)
      switch Int.random(in: 0..<5, using: &random) {
      case 0: input.insert(random.next(upperBound: 255), at: place)
      case 1 where place < input.count: input.remove(at: place)
      case 2 where place < input.count: input[place] ^= 1 << random.next(upperBound: 8 as UInt8)
      case 3:
        let other = corpus.randomElement(using: &random) ?? []
        input.replaceSubrange(place..., with: other.suffix(max(0, other.count - place)))
      default:
        let end = min(input.count, place + 8)
        input += input[place..<end]
      }
    }
    return input
  }
}
