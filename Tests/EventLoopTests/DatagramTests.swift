// Datagrams in batches over loopback: what is put together, what is not, in which order, and what
// becomes of what the kernel refuses.

import Glibc
import NetTypes
import Testing

@testable import EventLoop

/// A sender, a socket to send from, and others that hear it.
final class Exchange {
  let sender = DatagramSender()
  let source: UDPSocket
  let ears: [UDPSocket]
  let batch = DatagramBatch(capacity: 32)
  var failures: [DatagramSender.Failure] = []
  /// Stays while what was added refers to it.
  private var payloads: [[UInt8]] = []

  init(ears: Int = 1, takesTrains: Bool = true) throws {
    source = try Self.socket()
    self.ears = try (0..<ears).map { _ in try Self.socket(takesTrains: takesTrains) }
  }

  deinit { for socket in ears + [source] { socket.close() } }

  static func socket(takesTrains: Bool = false) throws -> UDPSocket {
    try UDPSocket(
      bind: SocketAddress(.loopbackV4, port: 0), reusePort: false, packetInfo: false,
      takesTrains: takesTrains, bufferBytes: 4 << 20)
  }

  func route(_ ear: Int = 0, owner: Int32 = 1, uncounted: Int = 0) -> DatagramSender.Route {
    route(to: ears[ear].address, owner: owner, uncounted: uncounted)
  }

  func route(to target: SocketAddress, owner: Int32 = 1, uncounted: Int = 0)
    -> DatagramSender.Route
  {
    DatagramSender.Route(
      source.descriptor, to: target, owner: SlabHandle(index: owner, generation: 7), kind: 2,
      uncounted: uncounted)
  }

  /// Adds copies; how many there was room for.
  @discardableResult
  func add(_ datagram: [UInt8], on route: DatagramSender.Route) -> Int {
    sender.add(datagram.span, datagram.count, datagram.span, 0..<0, on: route)
  }

  func flush() {
    sender.flush { failures.append($0) }
  }

  /// What one ear has heard, in pieces as the kernel hands them over.
  func heard(_ ear: Int = 0) -> [[[UInt8]]] {
    var pieces: [[[UInt8]]] = []
    while batch.receive(from: ears[ear]) > 0 {
      for index in 0..<batch.count {
        guard var train = batch.datagram(index)?.train else { continue }
        var piece: [[UInt8]] = []
        batch.withBytes(index) { bytes in
          while let range = train.next() { piece.append(bytes.bytes(in: range)) }
        }
        pieces.append(piece)
      }
    }
    return pieces
  }
}

/// `length` bytes that are told from others by `number`.
private func datagram(_ number: Int, _ length: Int) -> [UInt8] {
  (0..<length).map { UInt8(truncatingIfNeeded: number &* 7 &+ $0) }
}

struct DatagramSenderTests {
  @Test func `datagrams of one length to one place leave in one piece, however they were mixed`()
    throws
  {
    let exchange = try Exchange(ears: 2)
    for number in 0..<5 {
      for ear in 0..<2 { exchange.add(datagram(number, 100 + ear), on: exchange.route(ear)) }
    }
    exchange.flush()
    #expect(exchange.heard(0) == [(0..<5).map { datagram($0, 100) }])
    #expect(exchange.heard(1) == [(0..<5).map { datagram($0, 101) }])
    #expect(exchange.failures.isEmpty && exchange.sender.isEmpty)
  }

  @Test func `a shorter one ends a piece, a longer one begins another, an empty one is alone`()
    throws
  {
    let exchange = try Exchange()
    let lengths = [100, 100, 50, 100, 120, 120, 0, 0, 120]
    let datagrams = lengths.enumerated().map { datagram($0, $1) }
    for bytes in datagrams { exchange.add(bytes, on: exchange.route()) }
    exchange.flush()
    let heard = exchange.heard()
    #expect(heard.map(\.count) == [3, 1, 2, 1, 1, 1])
    #expect(Array(heard.joined()) == datagrams)
  }

  @Test func `frames are a header, a part of the payload and zeros`() throws {
    let exchange = try Exchange()
    let payload = datagram(1, 305)
    let header = datagram(2, 36)
    #expect(
      exchange.sender.add(
        header.span, 36, payload.span, 5..<105, count: 3, stride: 100, padding: 2,
        on: exchange.route()) == 3)
    exchange.flush()
    let frames = (0..<3).map { number -> [UInt8] in
      let start = 5 + 100 * number
      return header + Array(payload[start..<start + 100]) + [0, 0]
    }
    #expect(exchange.heard() == [frames])
  }

  @Test(arguments: [(200, 100), (100, 1_200), (3, 40_000), (2, 65_507)])
  func `a piece has at most 64 datagrams and 65,507 bytes, headers and all`(
    count: Int, length: Int
  ) throws {
    let exchange = try Exchange()
    let header = datagram(3, 4)
    let payload = datagram(4, count * (length - 4))
    #expect(
      exchange.sender.add(
        header.span, 4, payload.span, 0..<length - 4, count: count, stride: length - 4,
        on: exchange.route()) == count)
    exchange.flush()
    let heard = exchange.heard()
    let most = min(64, 65_507 / length)
    #expect(heard.dropLast().allSatisfy { $0.count == most })
    #expect(heard.joined().count == count && heard.joined().allSatisfy { $0.count == length })
    #expect(Array(heard.joined().map { $0.dropFirst(4) }.joined()) == payload)
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func `what goes to one place keeps its order, whatever its lengths`(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let exchange = try Exchange(ears: 3)
    var sent: [[[UInt8]]] = [[], [], []]
    for number in 0..<300 {
      let ear = Int.random(in: 0..<3, using: &random)
      let bytes = datagram(number, [0, 40, 41, 200].randomElement(using: &random) ?? 1)
      // Several owners have the same place.
      let owner = Int32.random(in: 0..<2, using: &random)
      if exchange.add(bytes, on: exchange.route(ear, owner: owner)) == 0 {
        exchange.flush()
        exchange.add(bytes, on: exchange.route(ear, owner: owner))
      }
      sent[ear].append(bytes)
    }
    exchange.flush()
    for ear in 0..<3 { #expect(Array(exchange.heard(ear).joined()) == sent[ear], "seed \(seed)") }
  }

  @Test func `when there is no room more is taken after a flush`() throws {
    let exchange = try Exchange()
    var taken = 0
    // No two leave in one piece.
    while exchange.add(datagram(taken, 1 + taken), on: exchange.route()) == 1 { taken += 1 }
    #expect(taken == 64)
    exchange.flush()
    #expect(exchange.add(datagram(64, 65), on: exchange.route()) == 1)
    exchange.flush()
    #expect(Array(exchange.heard().joined()) == (0...64).map { datagram($0, 1 + $0) })
  }

  @Test func `a part of a long train is taken, and the rest after a flush`() throws {
    let exchange = try Exchange()
    for number in 0..<63 { exchange.add(datagram(number, 9 + number), on: exchange.route()) }
    let payload = datagram(1, 6_400)
    let route = exchange.route(owner: 2)
    let header = datagram(2, 4)
    let taken = exchange.sender.add(
      header.span, 4, payload.span, 0..<64, count: 100, stride: 64, on: route)
    #expect(taken == 64)
    exchange.flush()
    let rest = exchange.sender.add(
      header.span, 4, payload.span, 64 * taken..<64 * taken + 64, count: 100 - taken, stride: 64,
      on: route)
    #expect(rest == 36)
    exchange.flush()
    let frames = (0..<100).map { number -> [UInt8] in
      header + Array(payload[64 * number..<64 * number + 64])
    }
    let last = Array(exchange.heard().suffix(2))
    #expect(last == [Array(frames[..<64]), Array(frames[64...])])
  }

  @Test func `what fails is told with its counts, and what is around it leaves`() throws {
    let exchange = try Exchange()
    let nowhere = SocketAddress(.loopbackV4, port: 0)
    exchange.add(datagram(0, 30), on: exchange.route())
    for number in 0..<3 {
      exchange.add(
        datagram(number, 100), on: exchange.route(to: nowhere, owner: 5, uncounted: 37))
    }
    exchange.add(datagram(1, 31), on: exchange.route())
    exchange.flush()
    #expect(Array(exchange.heard().joined()) == [datagram(0, 30), datagram(1, 31)])
    #expect(
      exchange.failures == [
        DatagramSender.Failure(
          owner: SlabHandle(index: 5, generation: 7), kind: 2, packets: 3, bytes: 3 * 63)
      ])
    // And that is over.
    exchange.add(datagram(2, 32), on: exchange.route())
    exchange.flush()
    #expect(exchange.heard() == [[datagram(2, 32)]] && exchange.failures.count == 1)
  }

  @Test func `what is too long for a datagram fails, and stops nothing`() throws {
    let exchange = try Exchange()
    exchange.add(datagram(0, 65_536), on: exchange.route(owner: 9))
    exchange.add(datagram(1, 20), on: exchange.route())
    exchange.flush()
    #expect(exchange.failures.map(\.bytes) == [65_536])
    #expect(exchange.heard() == [[datagram(1, 20)]])
  }

  @Test func `where the device takes no pieces all leave one by one, from then on`() throws {
    let exchange = try Exchange()
    #expect(exchange.sender.sendsTrains)
    exchange.sender.refuseTrains(code: EIO)
    for round in 0..<2 {
      for number in 0..<70 {
        exchange.add(datagram(number, number < 40 ? 100 : 90), on: exchange.route())
        if number == 50 { exchange.flush() }
      }
      exchange.flush()
      let heard = exchange.heard()
      #expect(heard == (0..<70).map { [datagram($0, $0 < 40 ? 100 : 90)] }, "round \(round)")
      #expect(!exchange.sender.sendsTrains)
    }
    #expect(exchange.failures.isEmpty)
  }

  @Test(arguments: [EINVAL, EMSGSIZE])
  func `where a route takes no pieces the datagrams of these leave one by one`(code: Int32) throws {
    let exchange = try Exchange()
    exchange.sender.refuseTrains(code: code)
    for number in 0..<3 { exchange.add(datagram(number, 100), on: exchange.route()) }
    exchange.add(datagram(3, 70), on: exchange.route())
    exchange.flush()
    #expect(exchange.heard() == [0, 1, 2].map { [datagram($0, 100)] } + [[datagram(3, 70)]])
    exchange.sender.refuseTrains(code: 0)
    for number in 0..<3 { exchange.add(datagram(number, 100), on: exchange.route()) }
    exchange.flush()
    #expect(exchange.heard().map(\.count) == [3])
    #expect(exchange.failures.isEmpty)
  }

  @Test func `a socket that the kernel itself makes no pieces for sends one by one`() throws {
    let exchange = try Exchange()
    // UDP_SEGMENT needs checksums.
    var one: Int32 = 1
    _ = unsafe setsockopt(
      exchange.source.descriptor, SOL_SOCKET, SO_NO_CHECK, &one, socklen_t(MemoryLayout<Int32>.size)
    )
    for number in 0..<5 { exchange.add(datagram(number, 100), on: exchange.route()) }
    exchange.flush()
    #expect(Array(exchange.heard().joined()) == (0..<5).map { datagram($0, 100) })
    #expect(exchange.failures.isEmpty && exchange.sender.sendsTrains)
  }
}

struct DatagramBatchTests {
  @Test func `what several sockets have is in the slots until they are given back`() throws {
    let exchange = try Exchange(ears: 2)
    exchange.add(datagram(0, 10), on: exchange.route(0))
    exchange.add(datagram(1, 11), on: exchange.route(1))
    exchange.flush()
    let batch = DatagramBatch(capacity: 2)
    #expect(batch.receiveMore(from: exchange.ears[0], atMost: 2) == 1)
    #expect(batch.receiveMore(from: exchange.ears[1], atMost: 1) == 1)
    #expect(batch.isFull && batch.bytes == 21)
    for index in 0..<2 {
      let found = try #require(batch.datagram(index))
      #expect(found.source == exchange.source.address)
      #expect(
        batch.withBytes(index) { $0.bytes(in: found.payload) } == datagram(index, 10 + index))
    }
    batch.reset()
    #expect(batch.count == 0 && batch.bytes == 0)
    #expect(batch.receive(from: exchange.ears[0]) == -EAGAIN)
  }

  @Test func `to a socket that takes no trains each datagram comes by itself`() throws {
    let exchange = try Exchange(takesTrains: false)
    for number in 0..<4 { exchange.add(datagram(number, 100), on: exchange.route()) }
    exchange.flush()
    #expect(exchange.heard() == (0..<4).map { [datagram($0, 100)] })
  }
}
