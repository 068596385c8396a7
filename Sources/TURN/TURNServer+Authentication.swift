// Who is asking: the long-term credential check of RFC 8489 §9.2.4, and every answer's ending.

internal import NetTypes
internal import STUN

/// A user whose request was signed with one of his keys.
struct AuthenticatedUser {
  let name: String
  /// What his allocations are counted under.
  let account: String
  /// Signs the response.
  let key: [UInt8]
}

enum Authentication {
  case user(AuthenticatedUser)
  /// The reply is written.
  case refused
}

extension TURNServer {
  /// RFC 8489 §9.2.4, in its order; the one place where 401, 438 and the 400 of missing attributes
  /// come from.
  mutating func authenticate(_ request: Request, _ bytes: Span<UInt8>) -> Authentication {
    guard let configuration else { return .refused }
    let message = request.message
    guard message.hasIntegrity else { return challenge(request, .unauthenticated) }
    guard message.has(.username), message.has(.realm), message.has(.nonce) else {
      refuse(request, .badRequest, key: nil)
      return .refused
    }
    let unixSeconds = wallClock.unixSeconds(at: request.now)
    guard
      let username = message.text(.username, bytes, max: LongTermCredential.usernameMax),
      case .keys(let keys) = configuration.credentials.lookup(
        username, unixSeconds: isOwner(username, request) ? nil : unixSeconds),
      let key = keys.first(where: { message.isIntegrityValid(bytes, key: $0) })
    else { return challenge(request, .unauthenticated) }
    guard let nonce = message.text(.nonce, bytes, max: LongTermCredential.nonceMax),
      configuration.nonces.isValid(nonce, for: request.tuple.client, unixSeconds: unixSeconds)
    else { return challenge(request, .staleNonce) }
    return .user(
      AuthenticatedUser(
        name: username, account: configuration.credentials.account(of: username), key: key))
  }

  /// Whether `username` has the allocation of the 5-tuple. Its time, if it has one, is for making
  /// allocations: one that was made in time goes on, because its client cannot change the name.
  private func isOwner(_ username: String, _ request: Request) -> Bool {
    find(request.tuple).flatMap { allocations[$0]?.username } == username
  }

  /// An error with what the client needs to try again; never signed, there is no key to sign with.
  private mutating func challenge(_ request: Request, _ error: ErrorCode) -> Authentication {
    guard let configuration else { return .refused }
    let nonce = configuration.nonces.mint(
      for: request.tuple.client, unixSeconds: wallClock.unixSeconds(at: request.now))
    begin(error, request)
    reply.add(.realm, text: configuration.realm)
    reply.add(.nonce, text: nonce)
    reply.finish(fingerprint: request.message.hasFingerprint)
    return .refused
  }

  private mutating func begin(_ error: ErrorCode, _ request: Request) {
    statistics.errors[error.rawValue, default: 0] &+= 1
    reply.begin(request.message.type.answer(.error), request.message.transactionID)
    reply.add(error)
  }

  // MARK: Answers

  /// Writes an error response, signed when the asker is known.
  mutating func refuse(_ request: Request, _ error: ErrorCode, key: [UInt8]?) {
    begin(error, request)
    reply.finish(
      integrityKey: key.map { IntegrityKey($0) }, fingerprint: request.message.hasFingerprint)
  }

  /// Writes a signed error response and says to send it.
  mutating func refuse(_ request: Request, _ error: ErrorCode, _ user: AuthenticatedUser)
    -> Verdict
  {
    refuse(request, error, key: user.key)
    return .reply
  }

  /// 420 with the list, when the request has attributes that must be understood and are not.
  mutating func refuseUnknown(_ request: Request, _ user: AuthenticatedUser) -> Verdict? {
    let unknown = request.message.unknownRequired
    guard !unknown.isEmpty else { return nil }
    begin(.unknownAttribute, request)
    reply.add(unknown: unknown)
    reply.finish(integrityKey: user.key, fingerprint: request.message.hasFingerprint)
    return .reply
  }

  /// Writes a signed success response with what `body` adds, and says to send it.
  mutating func succeed(
    _ request: Request, _ user: AuthenticatedUser, _ body: (inout MessageBuilder) -> Void = { _ in }
  ) -> Verdict {
    reply.begin(request.message.type.answer(.success), request.message.transactionID)
    body(&reply)
    reply.finish(integrityKey: user.key, fingerprint: request.message.hasFingerprint)
    return .reply
  }

  /// The allocation that an authenticated request is about: 437 without one,
  /// 441 when another user made it (RFC 8656 §5).
  mutating func ownAllocation(_ request: Request, _ user: AuthenticatedUser) -> SlabHandle? {
    guard let handle = find(request.tuple), let owner = allocations[handle]?.username else {
      refuse(request, .allocationMismatch, key: user.key)
      return nil
    }
    guard owner == user.name else {
      refuse(request, .wrongCredentials, key: user.key)
      return nil
    }
    return handle
  }
}
