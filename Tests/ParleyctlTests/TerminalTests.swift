// A terminal is taken over and given back as it was.

import EventLoop
import Foundation
import Glibc
import Terminal
import Testing

/// Both ends of a pseudo-terminal.
private final class PseudoTerminal {
  let user: Int32
  let program: Int32

  /// Requests of ioctl_tty(2) that Swift does not see.
  private static let unlock = UInt(0x4004_5431)
  private static let openPeer = UInt(0x5441)

  init() throws {
    user = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY)
    var isLocked: Int32 = 0
    guard user >= 0, unsafe ioctl(user, Self.unlock, &isLocked) == 0 else {
      throw CancellationError()
    }
    program = ioctl(user, Self.openPeer, O_RDWR | O_NOCTTY)
    guard program >= 0 else { throw CancellationError() }
  }

  deinit {
    close(program)
    close(user)
  }

  var mode: tcflag_t {
    var mode = termios()
    _ = unsafe tcgetattr(program, &mode)
    return mode.c_lflag
  }

  /// What the program has written and the user has not read yet.
  func shown() -> String {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = unsafe read(user, &buffer, buffer.count)
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
  }

  func type(_ text: String) { _ = unsafe write(user, text, text.utf8.count) }
}

@Suite struct TerminalTests {
  @Test func `Keys come one by one, and the terminal is given back as it was`() throws {
    let pair = try PseudoTerminal()
    let before = pair.mode
    let loop = try EventLoop()
    var events: [Terminal.Event] = []
    let terminal = try Terminal(input: pair.program, output: pair.program, on: loop) { event in
      events.append(event)
      if events.count == 3 { loop.stop() }
    }
    #expect(pair.mode & tcflag_t(ICANON | ECHO | ISIG) == 0)
    #expect(pair.shown().hasPrefix("\u{1B}[?1049h"))
    pair.type("aq\u{3}")
    loop.run()
    #expect(events == [.key(97), .key(113), .key(3)])
    terminal.show(["one", "two"])
    #expect(pair.shown() == "\u{1B}[Hone\u{1B}[K\r\ntwo\u{1B}[K\u{1B}[J")
    terminal.restore()
    terminal.restore()
    #expect(pair.shown() == "\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l")
    #expect(pair.mode == before)
  }

  @Test func `What is no terminal is told from one`() throws {
    let pair = try PseudoTerminal()
    #expect(Terminal.isThere(input: pair.program, output: pair.program))
    let null = unsafe open("/dev/null", O_RDWR)
    defer { close(null) }
    #expect(!Terminal.isThere(input: null, output: pair.program))
    #expect(!Terminal.isThere(input: pair.program, output: null))
    #expect(Terminal.size(of: null) == Terminal.usual)
  }

  @Test func `No more lines are shown than there are rows`() throws {
    let pair = try PseudoTerminal()
    var size = winsize(ws_row: 2, ws_col: 40, ws_xpixel: 0, ws_ypixel: 0)
    #expect(unsafe ioctl(pair.user, UInt(TIOCSWINSZ), &size) == 0)
    let loop = try EventLoop()
    let terminal = try Terminal(input: pair.program, output: pair.program, on: loop) { _ in }
    #expect(terminal.size == Terminal.Size(columns: 40, rows: 2))
    _ = pair.shown()
    terminal.show(["1", "2", "3"])
    #expect(pair.shown() == "\u{1B}[H1\u{1B}[K\r\n2\u{1B}[K\u{1B}[J")
  }
}
