// A terminal as a screen to draw on and keys to hear: taken over for a while and given back.

internal import CLinux
public import EventLoop
internal import Glibc
internal import NetTypes

/// Somebody's terminal while a program draws on it.
///
/// It shows a screen of its own, and what was there comes back with ``restore()``. Keys arrive one
/// by one and are not shown; Ctrl-C is a key too. Everything happens on the thread of the loop.
public final class Terminal {
  /// What happens at a terminal.
  public enum Event: Equatable, Sendable {
    /// A byte of what was typed; 3 for Ctrl-C.
    case key(UInt8)
    /// It has another size now.
    case resized
    /// It is gone, or the process is asked to end.
    case ended
  }

  /// A size in cells.
  public struct Size: Equatable, Sendable {
    public var columns: Int
    public var rows: Int

    public init(columns: Int, rows: Int) {
      self.columns = columns
      self.rows = rows
    }
  }

  /// What a terminal has that does not tell its size.
  public static let usual = Size(columns: 80, rows: 24)

  private static let endings = [SIGTERM, SIGINT, SIGHUP]
  /// The screen of its own, without a cursor and without lines that go on in the next row.
  private static let opening = "\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l\u{1B}[2J"
  private static let closing = "\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l"

  private let input: Int32
  private let output: Int32
  private let saved: termios
  private let signals: Int32
  private let loop: EventLoop
  private let received: (Event) -> Void
  private var registrations: [EventLoop.Registration] = []
  private var isOurs = true

  /// Whether a program that has these descriptors is used by a person at a terminal.
  public static func isThere(input: Int32 = 0, output: Int32 = 1) -> Bool {
    isatty(input) == 1 && isatty(output) == 1
  }

  /// Takes the terminal over.
  public init(
    input: Int32 = 0, output: Int32 = 1, on loop: EventLoop,
    received: @escaping (Event) -> Void
  ) throws(SystemError) {
    var mode = termios()
    guard unsafe tcgetattr(input, &mode) == 0 else { throw SystemError("tcgetattr", code: errno) }
    saved = mode
    let numbers = Self.endings + [SIGWINCH]
    for number in numbers where parley_hold_signal(number) < 0 {
      throw SystemError("pthread_sigmask", code: errno)
    }
    let descriptor = unsafe parley_signal_descriptor(numbers, Int32(numbers.count))
    guard descriptor >= 0 else { throw SystemError("signalfd", code: -descriptor) }
    signals = descriptor
    (self.input, self.output, self.loop, self.received) = (input, output, loop, received)
    registrations = [
      try loop.register(input, for: .readable, handler: Ready { [weak self] in self?.readKey() }),
      try loop.register(
        signals, for: .readable, handler: Ready { [weak self] in self?.readSignal() }),
    ]
    mode.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG)
    _ = unsafe tcsetattr(input, TCSADRAIN, &mode)
    write(Self.opening)
  }

  deinit {
    restore()
    parley_close(signals)
  }

  /// Gives the terminal back as it was. Does nothing the second time.
  public func restore() {
    guard isOurs else { return }
    isOurs = false
    for registration in registrations { loop.deregister(registration) }
    write(Self.closing)
    var mode = saved
    _ = unsafe tcsetattr(input, TCSADRAIN, &mode)
  }

  /// As it is now.
  public var size: Size { Self.size(of: output) }

  /// The size of the terminal that a descriptor is; ``usual`` when it is none.
  public static func size(of output: Int32 = 1) -> Size {
    var (columns, rows): (UInt16, UInt16) = (0, 0)
    guard unsafe parley_terminal_size(output, &columns, &rows) == 0, columns > 0, rows > 0 else {
      return usual
    }
    return Size(columns: Int(columns), rows: Int(rows))
  }

  /// Shows these lines from the top; what does not fit is cut off by the terminal.
  public func show(_ lines: [String]) {
    let shown = lines.prefix(size.rows).map { $0 + "\u{1B}[K" }
    write("\u{1B}[H" + shown.joined(separator: "\n") + "\u{1B}[J")
  }

  private func readKey() {
    var byte: UInt8 = 0
    switch unsafe read(input, &byte, 1) {
    case 1: received(.key(byte))
    case 0: received(.ended)
    default: if errno != EINTR && errno != EAGAIN { received(.ended) }
    }
  }

  private func readSignal() {
    switch parley_read_signal(signals) {
    case 0: break
    case SIGWINCH: received(.resized)
    default: received(.ended)
    }
  }

  /// All of it: a terminal takes some kilobytes at once, and waits when it has not shown them yet.
  private func write(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let written = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(output, $0.baseAddress, $0.count)
      }
      guard written > 0 || errno == EINTR else { return }
      rest = rest.dropFirst(max(0, written))
    }
  }
}

/// What is to be done when a descriptor is ready.
private final class Ready: EventHandler {
  private let act: () -> Void

  init(_ act: @escaping () -> Void) { self.act = act }

  func ready(_ readiness: Readiness, now: Instant) { act() }
}
