// What happened to sockets, requests and frames, counted.

/// Why a socket was not served, or no longer.
public enum SocketDrop: String, Hashable, Sendable, CaseIterable, Error {
  /// As many sockets as there may be.
  case full
  /// As many sockets outside of rooms as there may be.
  case fullOutsideRooms = "full_outside_rooms"
  /// As many sockets of one source outside of rooms as there may be.
  case sourceOutsideRooms = "source_outside_rooms"
  /// No request in time.
  case requestTimeout = "request_timeout"
  /// No `join` in time.
  case joinTimeout = "join_timeout"
  /// More was waiting for it than may, or it took nothing of that for too long.
  case slow
  /// A binary message.
  case binary
  /// The service is stopping.
  case stopping
}

/// What a `SignalingService` has done, apart from the rooms' own `SignalingCounters`.
public struct ServiceCounters: Sendable, Equatable {
  /// Sockets accepted.
  public var accepted = 0
  /// Sockets that went to another loop with their `join`.
  public var moved = 0
  /// Requests answered, by status.
  public var responses: [Int: Int] = [:]
  /// What was no request, by the stable word of the fault.
  public var httpFaults: [String: Int] = [:]
  /// Frames that break RFC 6455, by the stable word of the fault.
  public var frameFaults: [String: Int] = [:]
  /// Errors told before the join, by code.
  public var lobbyErrors: [String: Int] = [:]
  /// Sockets not served, or no longer.
  public var drops: [SocketDrop: Int] = [:]

  /// All zero.
  public init() {}

  /// Adds what another loop has done.
  public mutating func add(_ other: ServiceCounters) {
    accepted += other.accepted
    moved += other.moved
    responses.merge(other.responses, uniquingKeysWith: +)
    httpFaults.merge(other.httpFaults, uniquingKeysWith: +)
    frameFaults.merge(other.frameFaults, uniquingKeysWith: +)
    lobbyErrors.merge(other.lobbyErrors, uniquingKeysWith: +)
    drops.merge(other.drops, uniquingKeysWith: +)
  }
}
