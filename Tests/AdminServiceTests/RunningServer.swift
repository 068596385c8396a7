// A server with its relay, its rooms if wanted, and its admin endpoint, on threads of its own.

import AdminAPI
import AdminService
import Configuration
import EventLoop
import Foundation
import Glibc
import NetTypes
import RelayService
import SignalingService

final class RunningServer {
  let relay: RelayService
  let signaling: SignalingService?
  let admin: AdminService
  let lifecycle: Lifecycle
  private let group: LoopGroup
  private var threads: [LoopThread] = []

  init(at address: AdminAddress, hasSignaling: Bool) throws {
    group = try LoopGroup(count: 2)
    relay = try RelayService(on: group, Self.relaySettings())
    signaling =
      hasSignaling
      ? try SignalingService(
        on: group, SignalingSettings(listen: [SocketAddress(.loopbackV4, port: 0)])) : nil
    lifecycle = Lifecycle(
      on: group, relay, .init(drainDeadline: .seconds(3_600), stopGrace: .zero))
    admin = try AdminService(
      at: address, of: lifecycle, on: group.control, relay: relay, signaling: signaling)
    threads = try group.start() + [LoopThread(group.control, name: "control")]
  }

  static func relaySettings() throws -> RelayService.Settings {
    let outcome = try ServerConfiguration.load(
      program: .turnd,
      arguments: [
        "--listen", "udp:127.0.0.1:0", "--relay-ip", "127.0.0.1", "--user", "ann:secret",
        "--allow-peer", "127.0.0.0/8",
      ], environment: [:], readFile: { _ in [] })
    guard case .run(let configuration) = outcome else { throw SocketFailure.connect }
    return RelayService.Settings(configuration, relays: true)
  }

  /// Where rooms are joined, if anywhere.
  var signalingPort: UInt16? { signaling?.addresses.first?.port }

  /// A connection to the admin endpoint.
  func client() throws -> ClientSocket {
    switch admin.address {
    case .tcp(let address): try ClientSocket(SOCK_STREAM, port: address.port)
    case .unix(let path): try ClientSocket(unixPath: path)
    }
  }

  /// One question on a connection of its own.
  func ask<Document: Decodable>(_ path: String, _ type: Document.Type = Document.self) throws
    -> Document
  {
    try client().ask(path).decoded(type)
  }

  /// Asks again until `holds` is true of the answer; false when it never is.
  func answers<Document: Decodable>(
    _ path: String, _ type: Document.Type, _ holds: (Document) -> Bool
  ) throws -> Bool {
    let end = Clock.now() + .seconds(10)
    while Clock.now() < end { if holds(try ask(path, type)) { return true } }
    return false
  }

  func stop() {
    relay.stop()
    signaling?.stop {}
    let admin = Unchecked(admin)
    group.control.submit { admin.value.stop() }
    for thread in threads.reversed() { thread.stopAndJoin() }
  }
}

/// Hands a value to the thread that it belongs to.
private struct Unchecked<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}

/// Runs `body` against a server that is stopped afterwards.
func withServer(
  at address: AdminAddress = .tcp(SocketAddress(.loopbackV4, port: 0)),
  hasSignaling: Bool = false, _ body: (RunningServer) throws -> Void
) throws {
  let server = try RunningServer(at: address, hasSignaling: hasSignaling)
  defer { server.stop() }
  try body(server)
}

/// Runs `body` with a path in a folder that is gone afterwards.
func withSocketPath(_ body: (String) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory
    .appending(path: "parley-admin-\(UUID().uuidString.prefix(8))")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  try body(folder.appending(path: "admin.sock").path(percentEncoded: false))
}
