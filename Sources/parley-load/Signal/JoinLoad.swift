// A run of joins: peers come and leave, over and over, and say nothing.

internal import EventLoop
internal import JSON
internal import Logging
internal import NetTypes
internal import WebSocket

/// Everything happens on one loop, on the calling thread.
final class JoinLoad: DeadlineHandler {
  private static let tick = Duration.milliseconds(50)
  private static let joinWait = Duration.seconds(10)
  private static let startsPerTurn = 64

  let door: SignalDoor
  private let options: SignalOptions
  private let loop: EventLoop
  private let runName = SignalLoad.newRunName()
  private let answerWait: Duration
  private var parser = JSONObjectParser(sizeMax: 1 << 20)
  private var slots: [JoinSlot] = []
  /// Those that are at nothing.
  private var idle: [JoinSlot] = []
  private var pacer: Pacer?
  private var hasBegun = false
  private var nextTick = Instant.zero
  private var ends = Instant.distantFuture
  private var results = JoinResults()
  private var progress: Progress
  private var refusal: NoAnswer?

  init(
    _ options: SignalOptions, _ url: SignalURL, answerWait: Duration = .seconds(5)
  ) throws(SystemError) {
    self.options = options
    self.answerWait = answerWait
    door = SignalDoor(url, subprotocols: [SignalFrames.subprotocol])
    progress = Progress(of: "joins", isShown: options.showsProgress)
    ProcessLimits.raiseDescriptorLimit()
    loop = try EventLoop(sleepsPrecisely: true)
    slots = (0..<options.connections).map { JoinSlot(self, place: $0) }
  }

  func run() throws -> Report {
    let signals = try ProcessSignals([.stop], on: loop) { [unowned self] _ in
      results.interrupted = true
      end(now: loop.now)
    }
    loop.add(self)
    results.usage.begun(options.process)
    if let first = slots.first { start(first, due: Clock.now()) }
    loop.run()
    withExtendedLifetime(signals) {}
    if let refusal { throw refusal }
    return results.report(options)
  }

  func roomName(of place: Int) -> String {
    SignalLoad.roomName(place / options.peers, of: runName)
  }

  // MARK: Time

  var nextDeadline: Instant? {
    guard hasBegun, !idle.isEmpty else { return nextTick }
    return min(nextTick, pacer?.due ?? .zero)
  }

  func advance(to now: Instant) {
    if now >= nextTick {
      nextTick = now + Self.tick
      look(now: now)
    }
    guard hasBegun else { return }
    if now >= ends { return end(now: now) }
    for _ in 0..<Self.startsPerTurn {
      let due = pacer?.due ?? Clock.now()
      guard pacer == nil || due <= now, let slot = idle.popLast() else { return }
      pacer?.advance()
      start(slot, due: due)
    }
  }

  private func look(now: Instant) {
    if now >= progress.deadline {
      progress.tell(arrived: results.joins, missing: slots.count - idle.count, now: now)
    }
    let wait = hasBegun ? Self.joinWait : answerWait
    for slot in slots where slot.isBusy && now - slot.startedAt > wait {
      let problem = "no answer while " + (slot.isOpen ? "joining" : "opening")
      slot.drop()
      failed(slot, problem)
    }
  }

  private func begin(now: Instant) {
    hasBegun = true
    progress.begin(now: now)
    results.begin(now: now)
    results.usage.sending(options.process, now: now)
    ends = now + .seconds(options.seconds)
    pacer = options.joinsPerSecond.map {
      Pacer(start: now, perSecond: $0, total: .max / 1_000_000_000)
    }
    idle += slots.dropFirst()
  }

  private func start(_ slot: JoinSlot, due: Instant) {
    do throws(SystemError) {
      try slot.start(due: due, on: loop)
    } catch {
      failed(slot, "\(error)")
    }
  }

  private func end(now: Instant) {
    results.usage.sent(options.process, delivered: results.joins, now: now)
    results.ended(now: now)
    loop.stop()
  }

  // MARK: Slots

  func opened(_ slot: JoinSlot, after nanoseconds: Int64) { results.opening.record(nanoseconds) }

  func received(_ text: Span<UInt8>, by slot: JoinSlot) {
    do throws(JSONError) {
      try parser.parse(text)
    } catch {
      return results.problem("a message that is no JSON object: \(error)")
    }
    switch parser.string("type") {
    case "joined":
      let now = Clock.now()
      results.joined(now.nanoseconds - slot.dueAt.nanoseconds)
      progress.record(now.nanoseconds - slot.dueAt.nanoseconds)
      slot.leave()
      if !hasBegun { begin(now: now) }
    case "error": results.problem("error \(parser.string("code") ?? "without a code")")
    default: break
    }
  }

  /// A peer has left; its place waits for the next.
  func ended(_ slot: JoinSlot) { idle.append(slot) }

  func failed(_ slot: JoinSlot, _ problem: String) {
    guard hasBegun else {
      refusal = NoAnswer(address: door.url.address.text, problem: problem)
      return loop.stop()
    }
    results.failed(problem)
    idle.append(slot)
  }
}

/// One peer after the other, in one place.
final class JoinSlot: SignalConnectionOwner {
  private enum Stage {
    case idle, opening, joining, leaving
  }

  private let place: Int
  private unowned let load: JoinLoad
  private var connection: SignalConnection?
  private var stage = Stage.idle
  private(set) var dueAt = Instant.zero
  private(set) var startedAt = Instant.zero

  init(_ load: JoinLoad, place: Int) {
    self.load = load
    self.place = place
  }

  var isBusy: Bool { stage != .idle }
  var isOpen: Bool { stage == .joining || stage == .leaving }

  func start(due: Instant, on loop: EventLoop) throws(SystemError) {
    dueAt = due
    startedAt = Clock.now()
    connection = try SignalConnection(
      load.door, from: load.door.source(place), on: loop, owner: self)
    stage = .opening
  }

  func opened() {
    load.opened(self, after: Clock.now().nanoseconds - startedAt.nanoseconds)
    stage = .joining
    say(SignalFrames.join(room: load.roomName(of: place), name: ""))
  }

  func received(_ text: Span<UInt8>) { if stage == .joining { load.received(text, by: self) } }

  func leave() {
    stage = .leaving
    say(SignalFrames.leave(seq: 2))
  }

  private func say(_ text: [UInt8]) {
    connection?.send(load.door.frame(.text, text.span).span)
  }

  func ended(_ problem: String, code: UInt16?) {
    let hasLeft = stage == .leaving
    stage = .idle
    connection = nil
    hasLeft ? load.ended(self) : load.failed(self, problem)
  }

  func drop() {
    stage = .idle
    connection?.drop()
    connection = nil
  }
}
