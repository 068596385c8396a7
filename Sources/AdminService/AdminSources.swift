// Asks the services of the process and makes documents of what they say.

internal import AdminAPI
internal import EventLoop
internal import HTTP1
internal import RelayService
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
    case .rooms:
      inspectRooms(on: loop, done) { report in
        .document(RoomsDocument(report, max: AdminLimits.listMax))
      }
    case .room(let name):
      inspectRooms(on: loop, done) { report in
        RoomDocument(report, name: name).map { .document($0) } ?? AdminRefusal.noSuchRoom.response
      }
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
