// The error codes that are known here.

/// RFC 8489 §14.8, RFC 8656 §19, and the extensions that name theirs in a comment: why a request
/// was refused.
public enum ErrorCode: Int, Sendable {
  case tryAlternate = 300
  case badRequest = 400
  case unauthenticated = 401
  case forbidden = 403
  /// RFC 8016 §4.3.
  case mobilityForbidden = 405
  case unknownAttribute = 420
  case allocationMismatch = 437
  case staleNonce = 438
  case addressFamilyNotSupported = 440
  case wrongCredentials = 441
  case unsupportedTransport = 442
  case peerAddressFamilyMismatch = 443
  /// RFC 6062 §6.3.
  case connectionAlreadyExists = 446
  /// RFC 6062 §6.3.
  case connectionTimeoutOrFailure = 447
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
    case .mobilityForbidden: return "Mobility Forbidden"
    case .unknownAttribute: return "Unknown Attribute"
    case .allocationMismatch: return "Allocation Mismatch"
    case .staleNonce: return "Stale Nonce"
    case .addressFamilyNotSupported: return "Address Family not Supported"
    case .wrongCredentials: return "Wrong Credentials"
    case .unsupportedTransport: return "Unsupported Transport Protocol"
    case .peerAddressFamilyMismatch: return "Peer Address Family Mismatch"
    case .connectionAlreadyExists: return "Connection Already Exists"
    case .connectionTimeoutOrFailure: return "Connection Timeout or Failure"
    case .allocationQuotaReached: return "Allocation Quota Reached"
    case .serverError: return "Server Error"
    case .insufficientCapacity: return "Insufficient Capacity"
    }
  }
}
