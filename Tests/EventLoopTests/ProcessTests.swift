// What the process is asked by signals, and what it tells the service manager.

import EventLoop
import Foundation
import Glibc
import NetTypes
import Testing

@Suite struct ProcessTests {
  @Test(
    arguments: [
      (SIGTERM, .stop), (SIGINT, .stop), (SIGHUP, .reload), (SIGUSR1, .drain),
    ] as [(Int32, ProcessSignal)])
  func `each signal asks for its own`(number: Int32, expected: ProcessSignal) throws {
    let loop = try EventLoop()
    var asked: [ProcessSignal] = []
    let signals = try ProcessSignals(on: loop) { signal in
      asked.append(signal)
      loop.stop()
    }
    // To this thread alone, where it waits to be read.
    loop.submit { raise(number) }
    loop.run()
    #expect(asked == [expected])
    withExtendedLifetime(signals) {}
  }

  /// A service manager's socket.
  private final class Manager {
    let path = FileManager.default.temporaryDirectory
      .appending(path: "parley-notify-\(UUID().uuidString.prefix(8))").path(percentEncoded: false)
    private let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)

    /// - Parameter isAbstract: a name in no file system instead of the path.
    init(isAbstract: Bool) throws {
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      let name = Array(path.utf8)
      unsafe withUnsafeMutableBytes(of: &address.sun_path) { bytes in
        unsafe bytes.copyBytes(from: name)
        if isAbstract { unsafe bytes[0] = 0 }
      }
      let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
      let result = unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe bind(descriptor, $0, length)
        }
      }
      try #require(result == 0)
    }

    deinit {
      close(descriptor)
      unsafe unlink(path)
    }

    func heard() -> String {
      var buffer = [UInt8](repeating: 0, count: 200)
      let count = unsafe recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
      return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
  }

  @Test(arguments: [false, true])
  func `the service manager hears of each state`(isAbstract: Bool) throws {
    let manager = try Manager(isAbstract: isAbstract)
    let path = isAbstract ? "@" + manager.path.dropFirst() : manager.path
    let told = ServiceManager(socketPath: path)
    told.tell(.ready)
    #expect(manager.heard() == "READY=1")
    told.tell(.reloading(since: Instant(nanoseconds: 5_000_999)))
    #expect(manager.heard() == "RELOADING=1\nMONOTONIC_USEC=5000")
    told.tell(.stopping)
    #expect(manager.heard() == "STOPPING=1")
  }

  @Test func `nobody who listens is no failure`() {
    for path in [nil, "", "/nowhere/at/all", String(repeating: "x", count: 200)] as [String?] {
      ServiceManager(socketPath: path).tell(.ready)
    }
  }
}
