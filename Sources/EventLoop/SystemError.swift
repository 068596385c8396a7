// What the kernel refused, with the call that asked.

internal import Glibc

/// A failed system call: its name, the errno, and what it was about.
public struct SystemError: Error, CustomStringConvertible, Sendable {
  public let call: String
  /// A positive errno.
  public let code: Int32
  /// The address or path it was about, for people.
  public let subject: String

  public init(_ call: String, code: Int32, subject: String = "") {
    self.call = call
    self.code = code
    self.subject = subject
  }

  /// Whether another socket has the address.
  public var isAddressInUse: Bool { code == EADDRINUSE }

  public var description: String {
    let reason = unsafe String(cString: strerror(code))
    return subject.isEmpty ? "\(call): \(reason)" : "\(call) \(subject): \(reason)"
  }

  /// Throws unless `result` is a result: the C shims answer with a negated errno.
  static func check(
    _ result: Int32, _ call: String, _ subject: @autoclosure () -> String = ""
  ) throws(SystemError) -> Int32 {
    guard result >= 0 else { throw SystemError(call, code: -result, subject: subject()) }
    return result
  }
}
