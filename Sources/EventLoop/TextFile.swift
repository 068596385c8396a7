// Writes a file of text in one go.

internal import CLinux

public enum TextFile {
  /// Makes `path` a file with this text, in the place of what there was.
  public static func write(_ text: String, to path: String) throws(SystemError) {
    let bytes = Array(text.utf8)
    let result = unsafe parley_write_file(path, bytes, bytes.count)
    guard result == 0 else { throw SystemError("write \(path)", code: -result) }
  }
}
