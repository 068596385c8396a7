// Why OpenSSL refused something, in words.

internal import COpenSSL
internal import Glibc

/// A file that cannot be used, or a handshake that failed.
public struct TLSError: Error, Equatable, CustomStringConvertible, Sendable {
  public let description: String

  init(_ description: String) { self.description = description }

  /// What `subject` failed for: the first thing that OpenSSL noted on this thread, which it then
  /// forgets.
  static func last(_ subject: String) -> TLSError {
    let code = ERR_get_error()
    ERR_clear_error()
    return TLSError(code == 0 ? subject : "\(subject): \(reason(code))")
  }

  /// The reason alone, without the numbers that only OpenSSL's authors can read.
  static func reason(_ code: UInt) -> String {
    // A system error's reason is its errno.
    if code & 0x8000_0000 != 0 {
      return unsafe String(cString: strerror(Int32(truncatingIfNeeded: code & 0x7fff_ffff)))
    }
    guard let text = unsafe ERR_reason_error_string(code) else { return "error \(code)" }
    return unsafe String(cString: text)
  }
}
