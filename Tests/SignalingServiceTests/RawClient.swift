// A blocking TCP client that sends any bytes whatever.

import Glibc
import NetTypes

/// A socket that waits at most 10 seconds for anything.
final class RawClient {
  enum Failure: Error { case connect, send, timeout }

  private let descriptor: Int32
  /// Received and not yet used.
  var input: [UInt8] = []
  private(set) var hasEnded = false

  /// - Parameters:
  ///   - receiveBytes: size of the kernel's receive buffer, for clients that read slowly.
  ///   - source: the IPv4 address that it leaves from.
  init(port: UInt16, receiveBytes: Int32? = nil, from source: String? = nil) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    if let source {
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = unsafe inet_addr(source)
      let result = unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      guard result == 0 else { throw Failure.connect }
    }
    if var bytes = receiveBytes {
      _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, 4)
    }
    var patience = timeval(tv_sec: 10, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw Failure.connect }
  }

  deinit { close(descriptor) }

  /// Sends all of `bytes`; false when the other side is gone.
  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = unsafe bytes.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return 0 }
        return unsafe Glibc.send(
          descriptor, base + sent, buffer.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  func send(_ text: String) { send(Array(text.utf8)) }

  /// Waits for more bytes; false at the end of the stream.
  func receive() throws -> Bool {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
    if count > 0 {
      input.append(contentsOf: buffer[..<count])
      return true
    }
    if count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) { throw Failure.timeout }
    hasEnded = true
    return false
  }

  /// Everything until the other side closes, as text.
  func textUntilEnd() throws -> String {
    while try receive() {}
    return String(decoding: input, as: UTF8.self)
  }

  /// Closes our half: the other side sees the end.
  func shutDown() { _ = shutdown(descriptor, Int32(SHUT_WR)) }
}
