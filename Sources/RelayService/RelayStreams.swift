// The streams of one loop's clients, and what waits for each.

internal import EventLoop
internal import NetTypes
internal import TURN

/// Found by their 5-tuple as cheaply as an allocation is: what media passes through are tables of
/// plain values, in which nothing is counted as referred to.
struct RelayStreams {
  private var tuples: Slab<FiveTuple>
  private var byTuple = SlotTable()
  private let hashKey: HashKey
  /// By the index of the handle, as are the queues.
  private var clients: [RelayStream?] = []
  var queues: [MediaQueue] = []

  init(capacity: Int, using random: inout some RandomNumberGenerator) {
    tuples = Slab(capacity: capacity)
    hashKey = HashKey(using: &random)
  }

  var count: Int { tuples.count }

  var all: [RelayStream] { clients.compactMap { $0 } }

  func at(_ index: Int) -> RelayStream? { index < clients.count ? clients[index] : nil }

  func index(of tuple: FiveTuple) -> Int? {
    byTuple.find(hashKey.hash(tuple)) { index in
      tuples.value(at: index) { $0 == tuple } ?? false
    }
  }

  func find(_ tuple: FiveTuple) -> RelayStream? { index(of: tuple).flatMap { at($0) } }

  /// `false` when there is no room.
  mutating func insert(_ stream: RelayStream) -> Bool {
    guard let handle = tuples.insert(stream.tuple) else { return false }
    stream.handle = handle
    let index = Int(handle.index)
    if index == clients.count {
      clients.append(stream)
      queues.append(MediaQueue())
    } else {
      clients[index] = stream
    }
    byTuple.insert(hashKey.hash(stream.tuple), slot: index)
    return true
  }

  /// Returns what was waiting for it.
  mutating func remove(_ stream: RelayStream, on loop: EventLoop) -> MediaQueue.Forgotten? {
    let index = Int(stream.handle.index)
    guard tuples.remove(stream.handle) != nil else { return nil }
    byTuple.remove(hashKey.hash(stream.tuple), slot: index)
    clients[index] = nil
    let allocation = queues[index].allocation
    let traffic = queues[index].forgetAll(on: loop)
    return MediaQueue.Forgotten(allocation: allocation, traffic: traffic)
  }
}
