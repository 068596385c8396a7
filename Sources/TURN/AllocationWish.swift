// What an Allocate asks for, read from its attributes (RFC 8656 §7.2 steps 5 to 9).

internal import NetTypes
internal import STUN

/// The attributes that say what relay is wanted, after they were found to fit together.
struct AllocationWish {
  var transport = RequestedTransport.udp
  /// `nil` where none is named.
  var family: IPAddress.Family?
  /// Whether an IPv6 address is wanted besides the IPv4 one.
  var isDual = false
  var port = PortKind.any
  var token: UInt64?

  /// Why it cannot be asked for.
  struct Refusal: Error { let code: ErrorCode }

  init(_ message: Message, _ bytes: Span<UInt8>) throws(Refusal) {
    let named = message.value(of: .requestedAddressFamily)
    let additional =
      message.value(of: .additionalAddressFamily)
      ?? message.value(of: .draftAdditionalAddressFamily)
    let even = message.value(of: .evenPort)
    // Step 5: a token stands for an address, and so for its port and family.
    if let range = message.value(of: .reservationToken) {
      guard range.count == 8, even == nil, named == nil, additional == nil else {
        throw Refusal(code: .badRequest)
      }
      token = bytes.uint64(at: range.lowerBound)
    }
    // Step 6.
    guard named == nil || additional == nil else { throw Refusal(code: .badRequest) }
    // Step 7.
    if let named {
      guard named.count == 4 else { throw Refusal(code: .badRequest) }
      guard let family = IPAddress.Family(rawValue: bytes[named.lowerBound]) else {
        throw Refusal(code: .addressFamilyNotSupported)
      }
      self.family = family
    }
    // Step 8. RFC 8656 §18.7: the R bit.
    if let even {
      guard even.count == 1 else { throw Refusal(code: .badRequest) }
      port = bytes[even.lowerBound] & 0x80 == 0 ? .even : .pair
      guard port == .even || additional == nil else { throw Refusal(code: .badRequest) }
    }
    // Step 9. RFC 8656 §18.11: IPv6 is the only valid value.
    if let additional {
      guard additional.count == 4,
        bytes[additional.lowerBound] == IPAddress.Family.v6.rawValue
      else { throw Refusal(code: .badRequest) }
      isDual = true
    }
  }
}
