// The endpoint on a Unix socket: for its user alone, and gone with the server.

import AdminAPI
import AdminService
import Configuration
import EventLoop
import Foundation
import Glibc
import Testing

@Suite struct UnixSocketTests {
  @Test func `It answers, whatever the host, and its file is for its user alone`() throws {
    try withSocketPath { path in
      try withServer(at: .unix(path: path)) { server in
        #expect(server.admin.address == .unix(path: path))
        let answer = try server.client().ask(
          "/healthz", host: "evil.example", ["Origin: https://evil.example"])
        #expect(answer.status == 200)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect(mode as? Int == 0o600)
      }
      #expect(!FileManager.default.fileExists(atPath: path))
    }
  }

  @Test func `A second server is refused, and leaves the first its file`() throws {
    try withSocketPath { path in
      try withServer(at: .unix(path: path)) { server in
        #expect(throws: SystemError.self) {
          try RunningServer(at: .unix(path: path), hasSignaling: false)
        }
        let answer = try server.client().ask("/healthz")
        #expect(answer.status == 200)
      }
    }
  }

  @Test func `A file that a killed server left behind is replaced`() throws {
    try withSocketPath { path in
      let dead = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
      let bound = unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe bind(dead, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      try #require(bound == 0)
      close(dead)
      try withServer(at: .unix(path: path)) { server in
        let answer = try server.client().ask("/healthz")
        #expect(answer.status == 200)
      }
    }
  }
}
