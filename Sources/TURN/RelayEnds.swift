// The relayed transport addresses of an allocation: one, or one of each family.

internal import NetTypes
internal import STUN

/// Where peers send to.
struct RelayEnd: Sendable {
  let relay: SlabHandle
  let address: SocketAddress
  /// RFC 8656 §8.1: each family of a dual allocation has its own lifetime.
  var expiresAt: Instant
}

/// At most one of each family (RFC 8656 §7.2 step 9: a dual allocation has both).
struct RelayEnds: Sequence, Sendable {
  private var v4: RelayEnd?
  private var v6: RelayEnd?

  subscript(family: IPAddress.Family) -> RelayEnd? {
    get { family == .v4 ? v4 : v6 }
    set { if family == .v4 { v4 = newValue } else { v6 = newValue } }
  }

  struct Iterator: IteratorProtocol {
    fileprivate var left: RelayEnds

    mutating func next() -> RelayEnd? {
      guard let end = left.first else { return nil }
      left[end.address.ip.family] = nil
      return end
    }
  }

  func makeIterator() -> Iterator { Iterator(left: self) }

  var first: RelayEnd? { v4 ?? v6 }
  var count: Int { (v4 == nil ? 0 : 1) + (v6 == nil ? 0 : 1) }

  /// When the last of them ends.
  var expiresAt: Instant {
    Swift.max(v4?.expiresAt ?? Instant.zero, v6?.expiresAt ?? Instant.zero)
  }
}

/// What ADDRESS-ERROR-CODE tells: a family that was asked for besides and could not be had
/// (RFC 8656 §18.12).
struct FamilyFailure: Sendable {
  let family: IPAddress.Family
  let error: ErrorCode

  var attributeValue: [UInt8] {
    [family.rawValue, 0, UInt8(error.rawValue / 100), UInt8(error.rawValue % 100)]
      + error.reason.utf8
  }
}
