// TCP sockets on loopback that never wait, for tests that hold many of them in one thread.

import Glibc
import NetTypes

/// A socket that never waits, closed when nobody has it any more.
final class LoopbackSocket {
  enum Failure: Error { case system(Int32) }

  /// What there was to read.
  enum Input {
    case bytes([UInt8])
    case nothingYet
    /// The other side closed, or the connection was reset.
    case end
  }

  let descriptor: Int32
  private var isClosed = false

  private init(_ descriptor: Int32) {
    self.descriptor = descriptor
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    var one: Int32 = 1
    _ = unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
  }

  deinit { if !isClosed { close(descriptor) } }

  /// A listener and its port.
  static func listening() throws -> (socket: LoopbackSocket, port: UInt16) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = Self.address(port: 0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        guard unsafe bind(descriptor, address, size) == 0, listen(descriptor, 256) == 0 else {
          return Int32(-1)
        }
        return unsafe getsockname(descriptor, address, &size)
      }
    }
    guard status == 0 else { throw Failure.system(errno) }
    return (LoopbackSocket(descriptor), UInt16(bigEndian: address.sin_port))
  }

  /// A socket that is connected; on loopback that takes no time.
  static func connected(to port: UInt16) throws -> LoopbackSocket {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = Self.address(port: port)
    let status = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else {
      close(descriptor)
      throw Failure.system(errno)
    }
    return LoopbackSocket(descriptor)
  }

  private static func address(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }

  /// The next connection to a listener, if somebody has come.
  func accepted() -> LoopbackSocket? {
    let accepted = accept(descriptor, nil, nil)
    return accepted < 0 ? nil : LoopbackSocket(accepted)
  }

  func read(atMost count: Int) -> Input {
    var buffer = [UInt8](repeating: 0, count: count)
    let received = unsafe recv(descriptor, &buffer, count, 0)
    if received > 0 { return .bytes(Array(buffer.prefix(received))) }
    return received < 0 && errno == EAGAIN ? .nothingYet : .end
  }

  /// How many of `bytes` were taken; nil when the connection is no more.
  func write(_ bytes: ArraySlice<UInt8>) -> Int? {
    if bytes.isEmpty { return 0 }
    let sent = unsafe bytes.withUnsafeBufferPointer { buffer in
      unsafe send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
    }
    if sent >= 0 { return sent }
    return errno == EAGAIN ? 0 : nil
  }

  /// Ends the connection: the other side sees its end behind what was sent, or a reset.
  func end(byReset: Bool) {
    guard !isClosed else { return }
    isClosed = true
    var lingering = linger(l_onoff: 1, l_linger: 0)
    if byReset {
      let size = socklen_t(MemoryLayout<linger>.size)
      _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &lingering, size)
    }
    close(descriptor)
  }

  /// Waits until one of the sockets has something to read, or for so long.
  static func wait(for sockets: [LoopbackSocket], atMost milliseconds: Int32) {
    var entries = sockets.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
    _ = unsafe poll(&entries, nfds_t(entries.count), milliseconds)
  }
}
