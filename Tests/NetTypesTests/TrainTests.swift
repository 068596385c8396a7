// Trains: datagrams of one size one behind the other, walked one by one or all alike at once.

import NetTypes
import Testing

struct TrainTests {
  private struct Alike: Equatable {
    let range: Range<Int>
    let count: Int
  }

  private func oneByOne(_ train: Train) -> [Range<Int>] {
    var train = train
    var ranges: [Range<Int>] = []
    while let range = train.next() { ranges.append(range) }
    return train.count == 0 && train.rest.isEmpty ? ranges : []
  }

  private func alike(_ train: Train) -> [Alike] {
    var train = train
    var parts: [Alike] = []
    while let (range, count) = train.nextAlike() { parts.append(Alike(range: range, count: count)) }
    return train.count == 0 && train.rest.isEmpty ? parts : []
  }

  @Test func `a train is walked from front to back, and its last datagram may be shorter`() {
    let train = Train(10..<35, size: 10)
    #expect(train.count == 3)
    #expect(oneByOne(train) == [10..<20, 20..<30, 30..<35])
  }

  @Test func `what is alike is taken at once, and a shorter last one by itself`() {
    #expect(
      alike(Train(10..<35, size: 10))
        == [Alike(range: 10..<30, count: 2), Alike(range: 30..<35, count: 1)])
  }

  @Test func `of a train without a shorter one all are alike, also after one was taken`() {
    var train = Train(0..<40, size: 10)
    #expect(alike(train) == [Alike(range: 0..<40, count: 4)])
    let first = train.next()
    #expect(first == 0..<10)
    #expect(alike(train) == [Alike(range: 10..<40, count: 3)])
  }

  @Test(arguments: [0, 1, 1_500])
  func `a datagram that came alone is a train of one, even when it is empty`(length: Int) {
    let train = Train(5..<5 + length)
    #expect(train.count == 1)
    #expect(alike(train) == [Alike(range: 5..<5 + length, count: 1)])
    #expect(oneByOne(train) == [5..<5 + length])
  }

  @Test func `one datagram may be shorter than the size that the kernel tells`() {
    #expect(alike(Train(0..<7, size: 10)) == [Alike(range: 0..<7, count: 1)])
    #expect(oneByOne(Train(0..<7, size: 10)) == [0..<7])
  }
}
