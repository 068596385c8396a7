// The attribute types that are known here, and the error codes.

/// RFC 8489 §18.3 and RFC 8656 §18.
public enum Attribute: UInt16, Sendable {
  case mappedAddress = 0x0001
  case username = 0x0006
  case messageIntegrity = 0x0008
  case errorCode = 0x0009
  case unknownAttributes = 0x000A
  case channelNumber = 0x000C
  case lifetime = 0x000D
  case xorPeerAddress = 0x0012
  case data = 0x0013
  case realm = 0x0014
  case nonce = 0x0015
  case xorRelayedAddress = 0x0016
  case requestedAddressFamily = 0x0017
  case evenPort = 0x0018
  case requestedTransport = 0x0019
  case dontFragment = 0x001A
  case messageIntegritySHA256 = 0x001C
  case xorMappedAddress = 0x0020
  case reservationToken = 0x0022
  case software = 0x8022
  case alternateServer = 0x8023
  case fingerprint = 0x8028

  /// Whether it is more than a name here. RFC 8656 §7.2 step 4: who cannot set the DF bit treats
  /// DONT-FRAGMENT as unknown. What is understood but means nothing in a message is ignored (RFC
  /// 8489 §6.3).
  @inlinable public var isUnderstood: Bool { self != .dontFragment }

  /// RFC 8489 §14: a receiver that does not know such a type cannot process the message.
  @inlinable public static func isComprehensionRequired(_ type: UInt16) -> Bool { type < 0x8000 }
}

/// RFC 8489 §14.8 and RFC 8656 §19: why a request was refused.
public enum ErrorCode: Int, Sendable {
  case tryAlternate = 300
  case badRequest = 400
  case unauthenticated = 401
  case forbidden = 403
  case unknownAttribute = 420
  case allocationMismatch = 437
  case staleNonce = 438
  case addressFamilyNotSupported = 440
  case wrongCredentials = 441
  case unsupportedTransport = 442
  case peerAddressFamilyMismatch = 443
  case allocationQuotaReached = 486
  case serverError = 500
  case insufficientCapacity = 508

  /// The reason phrase of the RFC; short, because it goes to senders who proved nothing yet.
  public var reason: String {
    switch self {
    case .tryAlternate: return "Try Alternate"
    case .badRequest: return "Bad Request"
    case .unauthenticated: return "Unauthenticated"
    case .forbidden: return "Forbidden"
    case .unknownAttribute: return "Unknown Attribute"
    case .allocationMismatch: return "Allocation Mismatch"
    case .staleNonce: return "Stale Nonce"
    case .addressFamilyNotSupported: return "Address Family not Supported"
    case .wrongCredentials: return "Wrong Credentials"
    case .unsupportedTransport: return "Unsupported Transport Protocol"
    case .peerAddressFamilyMismatch: return "Peer Address Family Mismatch"
    case .allocationQuotaReached: return "Allocation Quota Reached"
    case .serverError: return "Server Error"
    case .insufficientCapacity: return "Insufficient Capacity"
    }
  }
}
