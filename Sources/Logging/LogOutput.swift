// Carries finished log lines to a file descriptor, and knows which levels are wanted.

import Glibc
import Synchronization

/// Where lines go. All threads share one, without a lock: a line is one `write`.
final class LogOutput: Sendable {
  static let standardError: Int32 = STDERR_FILENO

  private let descriptor: Int32
  private let shownRank = Atomic<UInt8>(Log.Level.info.rank)
  private let revealsPrivate = Atomic<Bool>(false)

  init(descriptor: Int32) {
    self.descriptor = descriptor
  }

  func configure(level: Log.Level, showPrivate: Bool) {
    shownRank.store(level.rank, ordering: .relaxed)
    revealsPrivate.store(showPrivate, ordering: .relaxed)
  }

  var showsPrivate: Bool { revealsPrivate.load(ordering: .relaxed) }

  func shows(_ level: Log.Level) -> Bool {
    level.rank <= shownRank.load(ordering: .relaxed)
  }

  /// Writes one line, if its level is shown.
  func write(
    _ level: Log.Level, _ event: StaticString, _ fields: @autoclosure () -> Log.Fields
  ) {
    guard shows(level) else { return }
    var now = timespec()
    _ = unsafe clock_gettime(CLOCK_REALTIME, &now)
    var line = LogLine()
    line.append(
      "time", Timestamp.text(seconds: now.tv_sec, milliseconds: now.tv_nsec / 1_000_000))
    line.append("level", level.rawValue)
    line.append("event", event.description)
    let revealing = showsPrivate
    for (key, value) in fields() {
      line.append(key, value.shown(revealing: revealing))
    }
    put(line.ended())
  }

  /// A full or closed standard error loses the line; the server goes on.
  func put(_ line: [UInt8]) {
    var done = 0
    while done < line.count {
      let written = unsafe line.withUnsafeBytes { buffer in
        unsafe Glibc.write(descriptor, buffer.baseAddress?.advanced(by: done), line.count - done)
      }
      if written > 0 {
        done += written
      } else if errno != EINTR {
        return
      }
    }
  }
}
