// How many bytes in a second may pass, of an allocation and of a user (token buckets).

public import NetTypes

/// A rate, with room for a burst. As a token bucket it is full at first; what passed is kept as one
/// number, the time at which it would have passed at the rate (the virtual scheduling algorithm of
/// ITU-T I.371).
public struct Bandwidth: Hashable, Sendable {
  /// What may come at once after a silence, at the rate: a key frame must not be cut off.
  public static let burst = Duration.seconds(1)
  /// At least the largest datagram passes after a silence, however low the rate.
  public static let burstBytesMin = 65_536
  /// Faster than any interface; keeps the sums within 64 bits.
  public static let bytesPerSecondMax = 1_000_000_000_000

  public let bytesPerSecond: Int
  private let burstNanoseconds: Int64

  /// - Parameter bytesPerSecond: 1...``bytesPerSecondMax``.
  public init(bytesPerSecond: Int) {
    precondition((1...Self.bytesPerSecondMax).contains(bytesPerSecond))
    self.bytesPerSecond = bytesPerSecond
    let least = Self.cost(Self.burstBytesMin, bytesPerSecond)
    burstNanoseconds = max(Self.burst.wholeNanoseconds, least)
  }

  /// How long `bytes` take, rounded up.
  private static func cost(_ bytes: Int, _ rate: Int) -> Int64 {
    Int64((bytes * 1_000_000_000 + rate - 1) / rate)
  }

  /// The bucket's level after `bytes` more; `nil` when they are too many for now. A level is 0 at
  /// first.
  public func level(_ level: Int64, after bytes: Int, now: Instant) -> Int64? {
    let next = max(level, now.nanoseconds) + Self.cost(bytes, bytesPerSecond)
    return next - now.nanoseconds <= burstNanoseconds ? next : nil
  }
}

/// A direction of an allocation's data, each with a bucket of its own.
public enum Direction: Int, Sendable {
  case fromClient, toClient
}

/// What a user may pass, over all allocations on all loops.
public protocol BandwidthAccount: AnyObject, Sendable {
  /// Takes `bytes` out of the user's bucket, or nothing and says `false`. Called by any loop.
  func take(_ bytes: Int, _ direction: Direction, now: Instant) -> Bool
}

/// Where the users' accounts are, one for each who has allocations.
public protocol UserBandwidth: AnyObject, Sendable {
  /// The account of a user with one more allocation.
  func open(_ user: String) -> any BandwidthAccount
  /// Once for each ``open(_:)``.
  func close(_ user: String)
}

/// The buckets that an allocation's data passes.
///
/// Bytes are those of the client's side, with their framing. The user's bucket is shared with other
/// loops, so it is not touched for each packet: the allocation draws ``chunkBytes`` from it and
/// spends them. What it has not spent when it ends is lost to the user.
struct Meter: Sendable {
  /// A few packets' worth: small beside a second of any rate that serves for media.
  static let chunkBytes = 16_384

  private struct Lane {
    var level: Int64 = 0
    /// Drawn from the user's bucket and not spent.
    var credit = 0
  }

  private let limit: Bandwidth?
  private let account: (any BandwidthAccount)?
  private var lanes = (Lane(), Lane())

  init(_ limit: Bandwidth?, _ account: (any BandwidthAccount)?) {
    self.limit = limit
    self.account = account
  }

  var isLimited: Bool { limit != nil || account != nil }

  /// Why `bytes` may not pass now; `nil` when they may, and then they have.
  @inline(__always)
  mutating func refusal(of bytes: Int, _ direction: Direction, now: Instant) -> DropReason? {
    isLimited ? limitedRefusal(of: bytes, direction, now: now) : nil
  }

  private mutating func limitedRefusal(of bytes: Int, _ direction: Direction, now: Instant)
    -> DropReason?
  {
    var lane = direction == .fromClient ? lanes.0 : lanes.1
    if let limit {
      guard let level = limit.level(lane.level, after: bytes, now: now) else {
        return .allocationBandwidth
      }
      lane.level = level
    }
    if account != nil {
      guard lane.credit >= bytes || draw(bytes, direction, &lane, now: now) else {
        return .userBandwidth
      }
      lane.credit -= bytes
    }
    switch direction {
    case .fromClient: lanes.0 = lane
    case .toClient: lanes.1 = lane
    }
    return nil
  }

  /// Fills up the credit by a chunk, or where so much is not there by what is missing.
  private func draw(_ bytes: Int, _ direction: Direction, _ lane: inout Lane, now: Instant) -> Bool
  {
    guard let account else { return true }
    let missing = bytes - lane.credit
    var amount = max(missing, Self.chunkBytes)
    if !account.take(amount, direction, now: now) {
      amount = missing
      guard account.take(amount, direction, now: now) else { return false }
    }
    lane.credit += amount
    return true
  }
}
