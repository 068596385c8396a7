// What an Allocate asks for, read from its attributes (RFC 8656 §7.2 steps 5 to 7).

internal import NetTypes
internal import STUN

/// The attributes that say what relay is wanted, after they were found to fit together.
struct AllocationWish {
  var family = IPAddress.Family.v4
  var port = PortKind.any
  var token: UInt64?

  /// Why it cannot be asked for.
  struct Refusal: Error { let code: ErrorCode }

  init(_ message: Message, _ bytes: Span<UInt8>) throws(Refusal) {
    if let range = message.value(of: .reservationToken) {
      guard range.count == 8, !message.has(.evenPort), !message.has(.requestedAddressFamily) else {
        throw Refusal(code: .badRequest)
      }
      token = bytes.uint64(at: range.lowerBound)
    }
    if let range = message.value(of: .requestedAddressFamily) {
      guard range.count == 4 else { throw Refusal(code: .badRequest) }
      guard let family = IPAddress.Family(rawValue: bytes[range.lowerBound]) else {
        throw Refusal(code: .addressFamilyNotSupported)
      }
      self.family = family
    }
    if let range = message.value(of: .evenPort) {
      guard range.count == 1 else { throw Refusal(code: .badRequest) }
      // RFC 8656 §18.7: the R bit.
      port = bytes[range.lowerBound] & 0x80 == 0 ? .even : .pair
    }
  }
}
