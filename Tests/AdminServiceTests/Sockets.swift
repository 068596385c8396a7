// Blocking sockets of a client, which wait at most ten seconds for anything.

import Glibc
import NetTypes

enum SocketFailure: Error { case connect, timeout, ended }

/// A TCP or Unix stream that sends any bytes whatever, or a UDP socket that talks to one address.
final class ClientSocket {
  let descriptor: Int32
  /// Received and not yet used; of a stream only.
  var input: [UInt8] = []

  /// Opens a TCP or UDP socket on IPv4 loopback.
  init(_ kind: __socket_type, port: UInt16) throws {
    descriptor = socket(AF_INET, Int32(kind.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    try connect(&address)
  }

  init(unixPath path: String) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    try connect(&address)
  }

  /// Takes over an end of a pair.
  init(descriptor: Int32) {
    self.descriptor = descriptor
    setPatience()
  }

  deinit { close(descriptor) }

  private func connect<Address>(_ address: inout Address) throws {
    setPatience()
    let result = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<Address>.size))
      }
    }
    guard result == 0 else { throw SocketFailure.connect }
  }

  private func setPatience() {
    var patience = timeval(tv_sec: 10, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
  }

  /// The port of our end.
  var localPort: UInt16 {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe getsockname(descriptor, $0, &length)
      }
    }
    return UInt16(bigEndian: address.sin_port)
  }

  func send(_ bytes: [UInt8]) {
    _ = unsafe Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }

  func send(_ text: String) { send(Array(text.utf8)) }

  /// One datagram, or what has come of a stream; `nil` when it has ended.
  func receive() throws -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
    if count > 0 { return [UInt8](buffer[..<count]) }
    if count < 0 && errno == EAGAIN { throw SocketFailure.timeout }
    return nil
  }

  /// Waits for more of a stream.
  func receiveMore() throws {
    guard let bytes = try receive() else { throw SocketFailure.ended }
    input += bytes
  }

  /// Everything that still comes, as text.
  func textUntilEnd() throws -> String {
    while let bytes = try receive() { input += bytes }
    return String(decoding: input, as: UTF8.self)
  }
}
