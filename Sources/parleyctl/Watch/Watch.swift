// The live screen: asks the server every second and draws what it says, until somebody is done.

import AdminAPI
import Configuration
import EventLoop
import Foundation
import NetTypes
import Terminal

/// One run of `watch`: on a terminal, or as lines for programs. Everything is on one loop.
final class Watch: DeadlineHandler {
  private static let pause = Duration.seconds(1)
  private static let patience = AdminClient.patience
  /// Keys that end it: `q` and Ctrl-C.
  private static let endKeys: [UInt8] = [UInt8(ascii: "q"), 3]

  private let settings: Settings
  private let presentation: Presentation
  private let loop: EventLoop
  private var terminal: Terminal?
  private var round: WatchRound?
  private var sample: Sample?
  private var rates: Rates?
  private var trouble: Failure?
  private var outcome: Failure?
  private(set) var nextDeadline: Instant?

  /// Returns when somebody is done with it.
  static func run(_ settings: Settings) throws(Failure) {
    guard settings.printsJSON || settings.once || Terminal.isThere() else {
      throw Failure(message: "watch draws on a terminal; without one, use --once or --json")
    }
    let watch: Watch
    do throws(SystemError) {
      watch = try Watch(settings)
    } catch {
      throw Failure(message: error.description)
    }
    watch.loop.run()
    watch.terminal?.restore()
    if let outcome = watch.outcome { throw outcome }
  }

  private init(_ settings: Settings) throws(SystemError) {
    self.settings = settings
    presentation = Presentation(settings)
    loop = try EventLoop()
    nextDeadline = loop.now
    loop.add(self)
    guard !settings.printsJSON, !settings.once else { return }
    terminal = try Terminal(on: loop) { [weak self] in self?.happened($0) }
  }

  private func happened(_ event: Terminal.Event) {
    switch event {
    case .key(let byte): if Self.endKeys.contains(byte) { end(nil) }
    case .resized: draw()
    case .ended: end(nil)
    }
  }

  private func end(_ failure: Failure?) {
    outcome = failure
    nextDeadline = nil
    loop.stop()
  }

  // MARK: Asking

  func advance(to now: Instant) {
    if round != nil {
      return failed(.silent(settings.admin, seconds: Self.patience.components.seconds))
    }
    nextDeadline = now + Self.patience
    do throws(Failure) {
      round = try WatchRound(settings, presentation, on: loop, at: now) { [weak self] in
        self?.heard($0)
      }
    } catch {
      failed(error)
    }
  }

  private func heard(_ result: Result<Sample, Failure>) {
    switch result {
    case .success(let new):
      let start = new.at
      round = nil
      rates = sample.flatMap { Rates(from: $0, to: new) }
      (sample, trouble) = (new, nil)
      nextDeadline = start + Self.pause
      show()
    case .failure(let failure): failed(failure)
    }
  }

  /// A server that is being restarted is back in a moment: a screen waits for it.
  private func failed(_ failure: Failure) {
    round?.cancel()
    round = nil
    guard terminal != nil else { return end(failure) }
    (trouble, rates) = (failure, nil)
    nextDeadline = loop.now + Self.pause
    draw()
  }

  // MARK: Showing

  /// Rates need two samples; a single screen waits for the second.
  private func show() {
    if settings.printsJSON {
      if !settings.once || rates != nil { printDocument() }
    } else if settings.once {
      if rates != nil { print(lines(of: Terminal.size()).map(\.text).joined(separator: "\n")) }
    } else {
      draw()
    }
    if settings.once, rates != nil { end(nil) }
  }

  private func lines(of size: Terminal.Size) -> [WatchScreen.Line] {
    WatchScreen(server: settings.admin.description, size: size, isLive: !settings.once)
      .lines(sample, rates, trouble: trouble?.message)
  }

  private func draw() {
    guard let terminal else { return }
    terminal.show(lines(of: terminal.size).map(Self.styled))
  }

  private static func styled(_ line: WatchScreen.Line) -> String {
    switch line.style {
    case .plain: line.text
    case .strong: "\u{1B}[1m\(line.text)\u{1B}[0m"
    case .titles: "\u{1B}[7m\(line.text)\u{1B}[0m"
    }
  }

  private func printDocument() {
    guard let sample else { return }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let document = WatchDocument(
      unixSeconds: loop.wallClock.unixSeconds(at: sample.at), rates: rates, sample)
    guard let line = try? encoder.encode(document) else { return }
    FileHandle.standardOutput.write(line + [10])
  }
}

/// A line of `watch --json`.
struct WatchDocument: Codable, Equatable {
  var unixSeconds: Int64
  /// Left out in the first line, for rates need two moments.
  var rates: Rates?
  /// Left out by a server without rooms.
  var rooms: RoomsDocument?
  var allocations: AllocationsDocument
  var stats: StatsDocument

  init(unixSeconds: Int64, rates: Rates?, _ sample: Sample) {
    self.unixSeconds = unixSeconds
    self.rates = rates
    rooms = sample.rooms
    allocations = sample.allocations
    stats = sample.stats
  }
}
