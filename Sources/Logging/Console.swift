// What a program says to the person who started it, as opposed to its log.

internal import Glibc

/// Standard output, unbuffered: a line is there at once, also when the output is a file or a pipe.
public enum Console {
  /// Writes `line` and a line end.
  public static func say(_ line: String) {
    LogOutput(descriptor: STDOUT_FILENO).put(Array((line + "\n").utf8))
  }

  /// The same to standard error: how far something has come that takes its time.
  public static func note(_ line: String) {
    LogOutput(descriptor: STDERR_FILENO).put(Array((line + "\n").utf8))
  }
}
