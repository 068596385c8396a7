// The simulated network: bytes on their way, and everything that goes wrong with them.

internal import NetTypes
internal import SignalingTesting

/// What happens at an instant.
enum Event {
  case arrives(Link, isUp: Bool, [UInt8])
  /// The client's socket is open.
  case opened(Link)
  /// One end learns that the connection is no more.
  case serverHears(Link)
  case clientHears(Link)
  /// A client has something to do.
  case due(Int)
  /// A client opens a socket.
  case comesBack(Int)
  /// Somebody does something.
  case acts
  case restarts
  case starts
  case heals
}

/// All connections, the time, and the seed's randomness.
final class Network {
  var now = Instant(nanoseconds: 1_000_000_000)
  var queue = EventQueue<Event>()
  var random: SeededRandom
  var coverage = Coverage()
  private(set) var links: [Link] = []
  /// When either end last lost a connection.
  var lastBreak = Instant.zero
  /// No more faults.
  var isHealed = false
  private let plan: Plan
  /// Is told what happens, where somebody wants to read along.
  private let trace: ((String) -> Void)?

  init(_ plan: Plan, _ random: SeededRandom, trace: ((String) -> Void)?) {
    self.plan = plan
    self.random = random
    self.trace = trace
  }

  func note(_ what: @autoclosure () -> String) {
    guard let trace else { return }
    let milliseconds = now.nanoseconds / 1_000_000
    trace("\(milliseconds) ms: \(what())")
  }

  func note(_ link: Link, _ what: @autoclosure () -> String) {
    note("client \(link.actor), socket \(link.id): \(what())")
  }

  func after(_ milliseconds: ClosedRange<Int64>) -> Instant {
    let scale: Int64 = 1_000_000
    return now
      + .nanoseconds(
        random.within(milliseconds.lowerBound * scale...milliseconds.upperBound * scale))
  }

  func schedule(_ event: Event, at instant: Instant) { queue.add(event, at: instant) }

  /// A new connection, which is open after a round trip.
  func connect(_ actor: Int, run: Int) -> Link {
    let link = Link(id: links.count, actor: actor, delay: random.within(plan.delay), run: run)
    links.append(link)
    if !isHealed && random.chance(plan.trappedPercent) { link.trap = newTrap() }
    schedule(.opened(link), at: now + .nanoseconds(2 * link.delay))
    coverage.count("connections")
    note(link, "begins, with a trap for \(link.trap as Any)")
    return link
  }

  private func newTrap() -> Trap {
    let kind = random.chance(15) ? nil : FrameKind.trapped.randomElement(using: &random)
    let isUp =
      switch kind {
      case .join, .resume, .ping: true
      case .joined, .resumed, .pong, .presence: false
      default: random.chance(50)
      }
    return Trap(
      isUp: isUp, kind: kind, countdown: random.chance(50) ? 0 : random.below(8),
      position: Position.allCases[random.below(3)], isHalf: random.chance(25))
  }

  // MARK: Bytes

  /// Puts a frame into one direction.
  func transmit(_ bytes: [UInt8], _ kind: FrameKind, on link: Link, isUp: Bool) {
    var pipe = isUp ? link.up : link.down
    let begin = pipe.written
    pipe.written += bytes.count
    pipe.lastArrival = max(pipe.lastArrival, now + .nanoseconds(link.delay + jitter()))
    let position = springs(link, kind, isUp: isUp)
    if let position {
      let offset =
        switch position {
        case .before: 0
        case .inside: 1 + random.below(max(1, bytes.count - 1))
        case .after: bytes.count
        }
      pipe.deadFrom = min(pipe.deadFrom, begin + offset)
    }
    if isUp { link.up = pipe } else { link.down = pipe }
    send(bytes, on: link, isUp: isUp, pipe)
    if position != nil, let trap = link.trap {
      link.trap = nil
      breakDown(link, isUp: trap.isUp, isHalf: trap.isHalf, at: pipe.lastArrival)
    }
  }

  /// Some frames come in two pieces.
  private func send(_ bytes: [UInt8], on link: Link, isUp: Bool, _ pipe: Pipe) {
    guard bytes.count > 1 && random.chance(8) else {
      return schedule(.arrives(link, isUp: isUp, bytes), at: pipe.lastArrival)
    }
    let middle = 1 + random.below(bytes.count - 1)
    schedule(.arrives(link, isUp: isUp, Array(bytes[..<middle])), at: pipe.lastArrival)
    schedule(.arrives(link, isUp: isUp, Array(bytes[middle...])), at: pipe.lastArrival)
  }

  private func jitter() -> Int64 { random.chance(30) ? random.within(0...20_000_000) : 0 }

  private func springs(_ link: Link, _ kind: FrameKind, isUp: Bool) -> Position? {
    guard let trap = link.trap, !isHealed, trap.isUp == isUp, trap.kind == nil || trap.kind == kind
    else { return nil }
    if trap.countdown > 0 {
      link.trap?.countdown -= 1
      return nil
    }
    coverage.count("cut \(trap.position.rawValue) \(kind.rawValue)")
    return trap.position
  }

  /// What of an arriving piece comes out.
  func out(_ bytes: [UInt8], of link: Link, isUp: Bool) -> [UInt8] {
    let pipe = isUp ? link.up : link.down
    let alive = max(0, pipe.deadFrom - pipe.arrived)
    if isUp { link.up.arrived += min(bytes.count, alive) }
    if !isUp { link.down.arrived += min(bytes.count, alive) }
    return alive >= bytes.count ? bytes : Array(bytes.prefix(alive))
  }

  // MARK: Faults

  /// Cuts a connection now, at any byte of what is on its way.
  func cut(_ link: Link, isHalf: Bool) {
    let isUp = random.chance(50)
    if isUp { kill(&link.up) } else { kill(&link.down) }
    coverage.count("cut at any byte")
    breakDown(link, isUp: isUp, isHalf: isHalf, at: now)
  }

  /// One direction is dead; what becomes of the other, and who learns of it when.
  private func breakDown(_ link: Link, isUp: Bool, isHalf: Bool, at instant: Instant) {
    if isHalf {
      coverage.count(isUp ? "half dead up" : "half dead down")
    } else if isUp {
      kill(&link.down)
    } else {
      kill(&link.up)
    }
    note(link, "breaks, up \(link.up), down \(link.down)")
    let percent = isHalf ? 20 : 75
    let (server, client) = (random.chance(percent), random.chance(percent))
    if server {
      schedule(.serverHears(link), at: instant + .milliseconds(random.within(0...2_500)))
    }
    if client {
      schedule(.clientHears(link), at: instant + .milliseconds(random.within(0...2_500)))
    }
    if !server && !client { coverage.count("noticed by nobody") }
  }

  private func kill(_ pipe: inout Pipe) {
    let onItsWay = min(pipe.written, pipe.deadFrom) - pipe.arrived
    pipe.deadFrom = min(pipe.deadFrom, pipe.arrived + random.below(max(0, onItsWay) + 1))
  }

  /// The server's process is gone: what it wrote may arrive or not, what comes is not read.
  func crash(_ link: Link) {
    kill(&link.down)
    link.serverPhase = .gone
    if random.chance(85) { schedule(.clientHears(link), at: after(0...1_500)) }
  }

  /// Nothing that is put in from now on comes out for so long.
  func stall(_ link: Link, isUp: Bool, _ duration: Duration) {
    let until = now + duration
    note(link, "stands still for \(duration), \(isUp ? "up" : "down")")
    if isUp { link.up.lastArrival = max(link.up.lastArrival, until) }
    if !isUp { link.down.lastArrival = max(link.down.lastArrival, until) }
  }

  /// The client gives up its end: what it sent still goes its way, and then the end of it.
  func abandon(_ link: Link) {
    link.isHeld = false
    note(link, "is given up by the client")
    if link.up.isDead { return }
    schedule(
      .serverHears(link),
      at: max(link.up.lastArrival, now + .nanoseconds(link.delay)) + .milliseconds(1))
  }
}
