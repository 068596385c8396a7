// The number of a session among those of one server.

internal import NetTypes

/// One session of one `SignalingServer`; numbers are never given twice in a run.
public struct SessionID: Hashable, Sendable {
  /// The place in the server's table, and which of its successive tenants.
  public let rawValue: UInt64

  /// - Parameter rawValue: the number, as a session's secret states it.
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  init(_ handle: SlabHandle) { rawValue = handle.packed }

  var handle: SlabHandle { SlabHandle(packed: rawValue) }
}
