// What mobility is made of: tickets, and what loops say to one another (RFC 8016).

public import NetTypes
internal import STUN

/// Names an allocation to whoever shows it: random, so that it tells nothing and cannot be guessed
/// (RFC 8016 §3.1.2). It is good only together with the credentials of the allocation's user.
///
/// On the wire it is 32 hexadecimal digits: there are clients that keep it as a text of C, and so
/// only up to the first zero.
struct MobilityTicket: Hashable, Sendable {
  static let length = 32
  let high: UInt64
  let low: UInt64

  init(using random: inout some RandomNumberGenerator) {
    high = random.next()
    low = random.next()
  }

  /// `nil` for what is not the digits of a ticket.
  init?(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    guard range.count == Self.length else { return nil }
    var words: (high: UInt64, low: UInt64) = (0, 0)
    for offset in range {
      guard let digit = Self.digits.firstIndex(of: bytes[offset]) else { return nil }
      words = (words.high << 4 | words.low >> 60, words.low << 4 | UInt64(digit))
    }
    (high, low) = words
  }

  private static let digits = Array("0123456789abcdef".utf8)

  var bytes: [UInt8] {
    [high, low].flatMap { word in
      (0..<16).map { Self.digits[Int(truncatingIfNeeded: word >> (60 - 4 * UInt64($0))) & 15] }
    }
  }
}

/// A Refresh with a ticket, from a 5-tuple without allocation: asked of the loop that has it.
public struct MoveRequest: Equatable, Sendable {
  let ticket: MobilityTicket
  public let tuple: FiveTuple
  let username: String
  let transaction: TransactionID
  /// Zero to end the allocation.
  let lifetime: Duration
}

/// What a loop says to a ``MoveRequest``.
public enum MoveAnswer: Equatable, Sendable {
  /// The ticket is of no allocation here.
  case unknown
  /// It is another user's allocation.
  case forbidden
  /// The allocation will move when the client is heard from its new 5-tuple.
  case granted(MoveGrant)
}

public struct MoveGrant: Equatable, Sendable {
  /// `nil` when the allocation has ended, as asked.
  let ticket: MobilityTicket?
  let lifetime: Duration
}

/// A new 5-tuple of an allocation, of which only its Refresh was heard so far.
struct PendingMove: Sendable {
  let tuple: FiveTuple
  /// The ticket that its client got, and that is the only one when it has moved.
  let ticket: MobilityTicket
  /// Of the Refresh: a retransmission gets the same answer.
  let transaction: TransactionID
  let until: Instant
}

/// Where the allocation of a 5-tuple is that was announced by a Refresh.
enum Arrival: Sendable {
  case here(SlabHandle)
  /// On the loop with this index.
  case onLoop(Int, until: Instant)
}

/// A Refresh with a ticket that other loops were asked about.
struct AskedMove: Sendable {
  let request: Request
  let user: AuthenticatedUser
}

/// An allocation between two loops. Whoever has it puts it into a server, or its sockets and its
/// place in the quota are lost.
public struct MovingAllocation: Sendable {
  var allocation: Allocation
  /// Its relays by their handles in the server that it left, in the order of
  /// ``TURNServer/adopt(_:now:effects:)``.
  public var relays: [SlabHandle] { allocation.ends.map(\.relay) }
}
