// How a client shows who it is, by what the server offered (RFC 8489 §9.2.5).

internal import NetTypes
internal import STUN

/// The answer to a challenge: 401 or 438.
struct Login {
  let key: IntegrityKey
  private let realm: String
  private let nonce: String
  private let isAnonymous: Bool
  /// What the server offered, byte for byte, and what was chosen.
  private let offer: (algorithms: [UInt8], chosen: PasswordAlgorithm)?

  /// `nil` when the challenge must not be answered: because it lacks something, offers nothing that
  /// is known, or is not what the server sent.
  init?(
    _ message: Message, _ bytes: Span<UInt8>, _ username: String, _ password: String,
    isLegacy: Bool
  ) {
    guard let realm = message.text(.realm, bytes, max: LongTermCredential.realmMax),
      let nonce = message.text(.nonce, bytes, max: LongTermCredential.nonceMax)
    else { return nil }
    self.realm = realm
    self.nonce = nonce
    let features = isLegacy ? [] : SecurityFeatures(nonce: Array(nonce.utf8).span) ?? []
    isAnonymous = features.contains(.usernameAnonymity)
    var algorithm = PasswordAlgorithm.md5
    if let range = isLegacy ? nil : message.value(of: .passwordAlgorithms) {
      guard let first = PasswordAlgorithm.list(bytes, range)?.first else { return nil }
      algorithm = first
      offer = (bytes.bytes(in: range), first)
    } else {
      // Somebody on the way took it off.
      guard !features.contains(.passwordAlgorithms) else { return nil }
      offer = nil
    }
    key = IntegrityKey(
      algorithm.key(username: username, realm: realm, password: password),
      offer == nil ? .sha1 : .sha256)
  }

  /// Everything but the signature.
  func add(to builder: inout MessageBuilder, _ username: String) {
    if isAnonymous {
      builder.add(
        .userhash, bytes: LongTermCredential.userhash(username: username, realm: realm))
    } else {
      builder.add(.username, text: username)
    }
    builder.add(.realm, text: realm)
    builder.add(.nonce, text: nonce)
    if let offer {
      builder.add(.passwordAlgorithms, bytes: offer.algorithms)
      builder.add(.passwordAlgorithm, bytes: PasswordAlgorithm.value([offer.chosen]))
    }
  }
}
