// The attribute types that are known here.

/// RFC 8489 §18.3, RFC 8656 §18, and the extensions that name theirs in a comment.
public enum Attribute: UInt16, Sendable {
  case mappedAddress = 0x0001
  /// RFC 5780 §7.2.
  case changeRequest = 0x0003
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
  /// RFC 7635 §6.2.
  case accessToken = 0x001B
  case messageIntegritySHA256 = 0x001C
  case passwordAlgorithm = 0x001D
  case userhash = 0x001E
  case xorMappedAddress = 0x0020
  case reservationToken = 0x0022
  /// RFC 5780 §7.6.
  case padding = 0x0026
  /// RFC 5780 §7.5.
  case responsePort = 0x0027
  /// RFC 6062 §6.2.1.
  case connectionID = 0x002A
  case additionalAddressFamily = 0x8000
  case addressErrorCode = 0x8001
  case passwordAlgorithms = 0x8002
  case alternateDomain = 0x8003
  case icmp = 0x8004
  case software = 0x8022
  case alternateServer = 0x8023
  case fingerprint = 0x8028
  /// RFC 5780 §7.3.
  case responseOrigin = 0x802B
  /// RFC 5780 §7.4.
  case otherAddress = 0x802C
  /// RFC 7635 §6.1.
  case thirdPartyAuthorization = 0x802E
  /// RFC 8016 §4.
  case mobilityTicket = 0x8030
  /// What the two of RFC 8656 were in draft-martinsen-tram-ssoda: coturn 4.6 and its tools still
  /// have these numbers.
  case draftAdditionalAddressFamily = 0x8032
  case draftAddressErrorCode = 0x8033

  /// Whether it is more than a name here. What is understood but means nothing in a message is
  /// ignored (RFC 8489 §6.3); what is not, and must be, is refused with 420.
  public var isUnderstood: Bool {
    switch self {
    case .changeRequest, .padding, .responsePort: false
    default: true
    }
  }

  /// RFC 8489 §14: a receiver that does not know such a type cannot process the message.
  @inlinable public static func isComprehensionRequired(_ type: UInt16) -> Bool { type < 0x8000 }
}

/// RFC 8656 §18.6: the protocol number that REQUESTED-TRANSPORT carries.
public enum RequestedTransport: UInt8, Sendable {
  case udp = 17
  /// RFC 6062 §4.1.
  case tcp = 6
}
