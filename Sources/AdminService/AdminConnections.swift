// The clients of the admin endpoint: let in up to a number, and put out when they are slow.

internal import EventLoop
internal import Logging
internal import NetTypes

/// The connections of one endpoint, on its loop.
final class AdminConnections: DeadlineHandler {
  let sources: AdminSources
  /// Whether browsers can come here: they speak TCP only.
  let isReachedByBrowsers: Bool
  private let loop: EventLoop
  private var nextWarning = Instant.zero
  private var connections: [ObjectIdentifier: AdminConnection] = [:]

  init(_ sources: AdminSources, isReachedByBrowsers: Bool, on loop: EventLoop) {
    self.sources = sources
    self.isReachedByBrowsers = isReachedByBrowsers
    self.loop = loop
    loop.add(self)
  }

  /// Takes over an accepted descriptor.
  func accept(_ descriptor: Int32, _ peer: SocketAddress?) {
    guard
      let stream = try? ByteStream(
        descriptor: descriptor, peer: peer, on: loop, inputMax: AdminLimits.inputBytesMax,
        outputMax: AdminLimits.answerBytesMax + AdminLimits.inputBytesMax)
    else { return }
    if connections.count >= AdminLimits.connectionsMax && !closeOldestIdle() {
      warnOfCrowd()
      return stream.close()
    }
    let connection = AdminConnection(stream, of: self, on: loop)
    connections[ObjectIdentifier(connection)] = connection
  }

  /// Whoever only holds connections does not keep out who has a question.
  private func closeOldestIdle() -> Bool {
    let idle = connections.values.filter(\.isIdle).min { $0.deadline < $1.deadline }
    idle?.stream.close()
    return idle != nil
  }

  private func warnOfCrowd() {
    guard loop.now >= nextWarning else { return }
    nextWarning = loop.now + AdminLimits.warningPause
    Log.warning("admin connections refused", ["at_a_time": .public(AdminLimits.connectionsMax)])
  }

  func forget(_ connection: AdminConnection) {
    connections[ObjectIdentifier(connection)] = nil
  }

  func closeAll() {
    for connection in connections.values { connection.stream.close() }
  }

  var nextDeadline: Instant? { connections.values.map(\.deadline).min() }

  func advance(to now: Instant) {
    for connection in connections.values where connection.deadline <= now { connection.expire() }
  }
}
