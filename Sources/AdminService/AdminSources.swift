// Asks the services of the process and makes documents of what they say.

internal import AdminAPI
internal import EventLoop
internal import HTTP1
internal import RelayService
internal import Signaling
internal import SignalingService

/// The services that a process has.
struct AdminSources: Sendable {
  typealias Answer = @Sendable (HTTPResponse) -> Void

  let lifecycle: Lifecycle
  let relay: RelayService
  /// A server that only relays has none: then there are no rooms.
  let signaling: SignalingService?

  /// Hands the answer to `done` on `loop`, after this call has returned.
  func answer(_ path: AdminPath, on loop: EventLoop, _ done: @escaping Answer) {
    switch path {
    case .health:
      loop.submit { done(.document(HealthDocument())) }
    case .ready:
      loop.submit { [lifecycle] in
        done(
          lifecycle.isDraining
            ? .document(HealthDocument("draining"), status: .serviceUnavailable)
            : .document(HealthDocument("ready")))
      }
    case .drain(let seconds):
      loop.submit { [lifecycle, relay] in
        let left = lifecycle.drain(within: seconds.map { .seconds($0) })
        done(
          .document(
            DrainDocument(
              allocations: relay.allocations, deadlineSeconds: left.components.seconds)))
      }
    case .allocations:
      relay.inspect(on: loop) { snapshot in
        done(.document(AllocationsDocument(snapshot, max: AdminLimits.listMax)))
      }
    case .rooms(let tenant):
      inspectRooms(on: loop, done) { report in
        .document(RoomsDocument(report, of: tenant, max: AdminLimits.listMax))
      }
    case .room(let target):
      inspectRooms(on: loop, done) { report in
        let rooms = RoomDocument.all(report, target)
        guard let room = rooms.first else { return AdminRefusal.noSuchRoom.response }
        return rooms.count == 1 ? .document(room) : AdminRefusal.severalRooms.response
      }
    case .change(let target, let change):
      self.change(target, change, on: loop, done)
    case .stats:
      relay.inspect(on: loop) { snapshot in
        inspectSignaling(on: loop) { report in
          var stats = StatsDocument()
          stats.relay = RelayStatsDocument(snapshot)
          stats.signaling = report.map { SignalingStatsDocument($0) }
          done(.document(stats))
        }
      }
    }
  }

  private func change(
    _ target: RoomTarget, _ change: RoomChange, on loop: EventLoop, _ done: @escaping Answer
  ) {
    do throws(AdminRefusal) {
      guard let signaling else { throw .noRooms }
      let moderation = try Moderation(change)
      guard let room = RoomName(target.room) else { throw .noSuchRoom }
      let tenant = try target.tenant.map { text throws(AdminRefusal) in
        guard let tenant = TenantID(named: text) else { throw .noSuchRoom }
        return tenant
      }
      signaling.moderate(room, of: tenant, moderation, on: loop) { outcome in
        switch outcome {
        case .done(let members): done(.document(ChangeDocument(peers: members)))
        case .noSuchRoom: done(AdminRefusal.noSuchRoom.response)
        case .noSuchPeer: done(AdminRefusal.noSuchPeer.response)
        case .severalRooms: done(AdminRefusal.severalRooms.response)
        }
      }
    } catch {
      loop.submit { done(error.response) }
    }
  }

  private func inspectRooms(
    on loop: EventLoop, _ done: @escaping Answer,
    _ answer: @escaping @Sendable (SignalingReport) -> HTTPResponse
  ) {
    inspectSignaling(on: loop) { report in
      done(report.map(answer) ?? AdminRefusal.noRooms.response)
    }
  }

  private func inspectSignaling(
    on loop: EventLoop, _ done: @escaping @Sendable (SignalingReport?) -> Void
  ) {
    guard let signaling else { return loop.submit { done(nil) } }
    signaling.inspect(on: loop) { done($0) }
  }
}

extension Moderation {
  fileprivate init(_ change: RoomChange) throws(AdminRefusal) {
    switch change {
    case .kick(let peer, let reason): self = .kick(PeerID(peer), try Self.reason(reason))
    case .close(let reason): self = .close(try Self.reason(reason))
    case .say(let text):
      guard (1...AdminLimits.noticeBytesMax).contains(text.utf8.count),
        !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
      else { throw .badText }
      self = .say(text)
    }
  }

  private static func reason(_ text: String?) throws(AdminRefusal) -> Reason {
    guard let reason = Reason(text ?? "") else { throw .badReason }
    return reason
  }
}

extension TenantID {
  /// The empty name is that of the tenant of everybody.
  fileprivate init?(named text: String) {
    if text.isEmpty {
      self = .open
    } else {
      self.init(text)
    }
  }
}
