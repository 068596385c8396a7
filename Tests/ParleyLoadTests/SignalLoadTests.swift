// Holds a signaling run to saying at once that nobody is there, and its queues to their order.

import Configuration
import EventLoop
import NetTypes
import Testing

@testable import parley_load

@Suite struct NoAnswerTests {
  private static let wait = Duration.milliseconds(100)

  private func options(_ address: SocketAddress, onlyJoins: Bool) -> SignalOptions {
    var options = SignalOptions()
    options.rooms = 500
    options.peers = 4
    options.onlyJoins = onlyJoins
    options.url = SignalURL("ws://\(address.text)/signal")
    return options
  }

  private func refusal(_ options: SignalOptions) throws -> NoAnswer? {
    let url = try #require(options.url)
    return #expect(throws: NoAnswer.self) {
      if options.onlyJoins {
        _ = try JoinLoad(options, url, answerWait: Self.wait).run()
      } else {
        _ = try SignalLoad(options, url, answerWait: Self.wait).run()
      }
    }
  }

  /// A loop that never runs, so that what it listens to is connected to and says nothing.
  private func silent() throws -> (Listener, EventLoop, SocketAddress) {
    let loop = try EventLoop()
    let listener = try Listener(.tcp(SocketAddress(.loopbackV4, port: 0)), on: loop) { _, _ in }
    return (listener, loop, try #require(listener.address))
  }

  @Test(arguments: [false, true])
  func `a server that says nothing is told of after one connection`(onlyJoins: Bool) throws {
    let (listener, loop, address) = try silent()
    let refusal = try refusal(options(address, onlyJoins: onlyJoins))
    #expect(
      refusal?.description == "no signaling at \(address.text): no answer while opening")
    withExtendedLifetime((listener, loop)) {}
  }

  @Test(arguments: [false, true])
  func `where nobody listens that is said at once`(onlyJoins: Bool) throws {
    // Somebody had the port a moment ago.
    let (listener, loop, address) = try silent()
    listener.close()
    withExtendedLifetime(loop) {}
    let refusal = try refusal(options(address, onlyJoins: onlyJoins))
    #expect(refusal?.description == "no signaling at \(address.text): no connection")
  }
}

@Suite struct StormTests {
  private func at(_ milliseconds: Int64) -> Instant {
    Instant(nanoseconds: milliseconds * 1_000_000)
  }

  @Test func `all at once is all at once, and not before its time`() {
    var storm = Storm(.all, at: at(5))
    #expect(storm.next(of: 7, now: at(4)) == 0..<0)
    #expect(!storm.isOver)
    #expect(storm.next(of: 7, now: at(5)) == 0..<7)
    #expect(storm.isOver && storm.next(of: 7, now: at(6)) == 7..<7)
  }

  @Test func `a rate reaches everybody once`() {
    var storm = Storm(.perSecond(100), at: at(0))
    let parts = [0, 5, 10, 25, 60, 70].map { storm.next(of: 6, now: at($0)) }
    #expect(parts == [0..<1, 1..<1, 1..<2, 2..<3, 3..<6, 6..<6])
    #expect(storm.isOver)
  }
}

@Suite struct JoinQueueTests {
  @Test func `without a rate all who wait may start, in order`() {
    var queue = JoinQueue()
    queue.begin(perSecond: nil, now: .zero)
    #expect(queue.deadline == .distantFuture)
    for room in [3, 1, 2] { queue.add(room) }
    #expect((0..<4).map { _ in queue.next(now: .zero) } == [3, 1, 2, nil])
  }

  @Test func `with a rate each has its time`() {
    var queue = JoinQueue()
    queue.begin(perSecond: 1_000, now: .zero)
    for room in [0, 1] { queue.add(room) }
    #expect(queue.next(now: .zero) == 0)
    #expect(queue.next(now: .zero) == nil)
    #expect(queue.deadline == Instant(nanoseconds: 1_000_000))
    #expect(queue.next(now: Instant(nanoseconds: 1_000_000)) == 1)
  }
}

@Suite struct SignalOptionsTests {
  private func settings(_ line: String) throws -> SignalOptions? {
    let outcome = try SignalOptions.table.parse(
      into: SignalOptions(), arguments: ["signal"] + line.split(separator: " ").map(String.init),
      environment: [:]
    ) { _ in [] }
    guard case .run(let settings) = outcome else { return nil }
    return settings
  }

  @Test func `an echo is one whatever else is said of whom messages are for`() throws {
    for line in ["--echo --peers 1", "--to room --echo --peers 1", "--echo --to peer"] {
      #expect(try settings(line)?.fanOut == .echo)
    }
    #expect(try settings("--to room")?.fanOut == .room)
    #expect(try settings("--storm 50")?.storm == .perSecond(50))
    #expect(try settings("--storm all")?.storm == .all)
  }

  @Test(arguments: [
    ("--url ws://192.0.2.1/signal", "is another machine: --allow-remote lets it"),
    ("--peers 1", "wants at least 2 peers in a room"),
    ("--echo --storm all", "has nothing to come back to"),
    ("--in-flight 3 --storm all", "has no rate with --in-flight"),
    ("--only-joins --plot a.svg", "sends no messages with --only-joins"),
    ("--rooms 9999 --peers 2", "opens at most 19000 connections"),
    ("--rooms 1000 --peers 2 --rate 501", "sends at most 1000000 messages a second"),
    ("--peers 1000 --rate 1000 --seconds 9999", "leads to at most 1000000000 deliveries"),
    ("--size 139", "is not a number from 140 to 65536"), ("--to nobody", "is not one of both"),
    ("--storm 0", "is not a number"), ("--pid 4194303", "is no process that runs"),
  ])
  func `what makes no sense is refused with a reason`(line: String, reason: String) {
    let error = #expect(throws: ConfigurationError.self) { _ = try settings(line) }
    #expect(error.map { "\($0)" }?.contains(reason) == true, "\(error.map { "\($0)" } ?? "")")
  }

  @Test func `seconds and rate say how many messages there are`() {
    var options = SignalOptions()
    (options.rooms, options.peers, options.perSecond, options.seconds) = (3, 2, 10, 4)
    #expect(options.messagesEach == 40 && options.totalPerSecond == 60)
    options.total = 100
    #expect(options.messagesEach == 67)
    options.messages = 5
    #expect(options.messagesEach == 5 && options.duration == .milliseconds(300))
    (options.messages, options.total, options.perSecond) = (nil, nil, 0)
    #expect(options.messagesEach == 0 && options.duration == .seconds(4))
    options.inFlight = 8
    #expect(options.totalPerSecond == 0 && options.messagesMost == Int(UInt32.max))
  }

  @Test func `a load in words says what it is`() {
    var options = SignalOptions()
    (options.rooms, options.peers, options.total) = (100, 4, 40_000)
    #expect(
      options.summary == "100 rooms of 4 peers, 300 bytes to one or all, 40,000 messages/s")
    #expect(options.shape == "100 rooms of 4 peers, 300 bytes to one or all")
    options.inFlight = 8
    #expect(options.summary.hasSuffix("8 messages of each under way"))
    options.onlyJoins = true
    #expect(options.summary == "100 rooms of 4 peers, who only join and leave")
  }
}
