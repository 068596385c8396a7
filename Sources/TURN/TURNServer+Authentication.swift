// Who is asking: the long-term credential check of RFC 8489 §9.2.4, and every answer's ending.

internal import NetTypes
internal import STUN

/// A user whose request was signed with one of his keys.
struct AuthenticatedUser {
  let name: String
  /// What his allocations are counted under.
  let account: String
  /// Signs the response.
  let key: IntegrityKey
  /// How long his credentials are good for; `nil` for what does not end an allocation.
  var lifetimeMax: Duration?
  /// What his token allows, where he came with one.
  var grant: TokenGrant?
}

enum Authentication {
  case user(AuthenticatedUser)
  /// What becomes of the request instead.
  case refused(Verdict)
}

extension TURNServer {
  /// RFC 8489 §9.2.4, in its order; the one place where 401, 438 and the 400 of missing attributes
  /// come from.
  mutating func authenticate(_ request: Request, _ bytes: Span<UInt8>) -> Authentication {
    guard let configuration else { return .refused(.drop(.unknownMethod)) }
    let message = request.message
    guard message.hasIntegrity else { return challenge(request, .unauthenticated) }
    guard message.has(.username) || message.has(.userhash),
      let nonce = message.value(of: .nonce), let realm = message.value(of: .realm)
    else { return .refused(refuseUnproven(request, .badRequest)) }
    // A network that gets no more answers costs no more digests than one either.
    let isFresh = isValid(bytes.extracting(nonce), request)
    if !isFresh, isProofNeeded(request),
      replyBudget.isSpent(for: request.tuple.client.ip, now: request.now)
    {
      return .refused(.drop(.unauthenticatedRate))
    }
    guard let algorithm = passwordAlgorithm(message, bytes.extracting(nonce), bytes) else {
      return .refused(refuseUnproven(request, .badRequest))
    }
    guard bytes.extracting(realm).holds(configuration.value.realm),
      let name = username(message, bytes)
    else { return challenge(request, .unauthenticated) }
    guard let user = user(name, algorithm, request, bytes) else {
      if isFresh, let loop = loopOfGrant(name, request, bytes) {
        return .refused(.moveStream(loop: loop))
      }
      return challenge(request, .unauthenticated)
    }
    return isFresh ? .user(user) : challenge(request, .staleNonce)
  }

  /// The name in USERNAME, or the one that USERHASH stands for.
  private func username(_ message: Message, _ bytes: Span<UInt8>) -> String? {
    if message.has(.username) {
      return message.text(.username, bytes, max: LongTermCredential.usernameMax)
    }
    return message.value(of: .userhash).flatMap { range in
      configuration?.value.credentials.username(userhash: bytes.bytes(in: range))
    }
  }

  /// The algorithm that the client chose; `nil` for 400.
  ///
  /// RFC 8489 §9.2.4: who has a nonce that says that there are algorithms names one of them and
  /// repeats all of them, so that nobody on the way takes some off; or names none, as clients of
  /// RFC 5389 do, which is MD5. With another nonce than ours it is 438 that is to be said.
  private func passwordAlgorithm(
    _ message: Message, _ nonce: Span<UInt8>, _ bytes: Span<UInt8>
  ) -> PasswordAlgorithm? {
    let one = message.value(of: .passwordAlgorithm)
    let all = message.value(of: .passwordAlgorithms)
    guard one != nil || all != nil else { return .md5 }
    let chosen = one.flatMap { PasswordAlgorithm.list(bytes, $0)?.first }
    guard let offered = configuration?.value.credentials.algorithms, !offered.isEmpty,
      SecurityFeatures(nonce: nonce)?.contains(.passwordAlgorithms) == true
    else { return chosen }
    guard let all, bytes.bytes(in: all) == PasswordAlgorithm.value(offered),
      let chosen, offered.contains(chosen)
    else { return nil }
    return chosen
  }

  /// RFC 8489 §9.2.4: MESSAGE-INTEGRITY-SHA256 for whoever knows PASSWORD-ALGORITHM or signs with
  /// it himself; MESSAGE-INTEGRITY for everybody else.
  private func responseAlgorithm(_ message: Message) -> IntegrityAlgorithm {
    message.has(.passwordAlgorithm) || message.integrityAlgorithm == .sha256 ? .sha256 : .sha1
  }

  /// Whoever `name` is, if the request was signed with one of his keys.
  private func user(
    _ name: String, _ algorithm: PasswordAlgorithm, _ request: Request, _ bytes: Span<UInt8>
  ) -> AuthenticatedUser? {
    guard let configuration else { return nil }
    let response = responseAlgorithm(request.message)
    if let grant = grant(name, request, bytes),
      let authorization = configuration.value.authorization
    {
      // A key's name is nobody's: all who come with tokens count as one.
      return AuthenticatedUser(
        name: name, account: authorization.serverName, key: IntegrityKey(grant.macKey, response),
        lifetimeMax: grant.until - request.now, grant: grant)
    }
    // Time-limited credentials are for making allocations: one that was made in time goes on,
    // because its client cannot change the name.
    let isExempt = !configuration.value.hasStrictExpiry && isOwner(name, request, bytes)
    let unixSeconds = wallClock.unixSeconds(at: request.now)
    guard
      case .keys(let keys, let expiry) = configuration.value.credentials.lookup(
        name, algorithm, unixSeconds: isExempt ? nil : unixSeconds),
      let key = keys.first(where: { request.message.isIntegrityValid(bytes, key: $0) })
    else { return nil }
    return AuthenticatedUser(
      name: name, account: configuration.value.credentials.account(of: name),
      key: IntegrityKey(key, response),
      lifetimeMax: configuration.value.hasStrictExpiry
        ? expiry.map { .seconds(max(1, $0 - unixSeconds)) } : nil)
  }

  /// Whether `username` has the allocation that the request is about.
  private func isOwner(_ username: String, _ request: Request, _ bytes: Span<UInt8>) -> Bool {
    if let handle = subject(of: request, bytes) {
      return allocations[handle]?.username == username
    }
    // Whose the allocation of a connection is, the loop that has it will see.
    if loopOfConnection(request, bytes) != nil { return true }
    // Whose the allocation of a ticket is, the loop that has it will see.
    return arrivals[request.tuple] != nil
      || configuration?.value.isMobile == true && request.message.has(.mobilityTicket)
        && request.message.type.method == .refresh
  }

  private func isValid(_ nonce: Span<UInt8>, _ request: Request) -> Bool {
    guard let configuration else { return false }
    return configuration.value.nonces.isValid(
      nonce, for: request.tuple.client, unixSeconds: wallClock.unixSeconds(at: request.now),
      features: configuration.value.features)
  }

  // MARK: Answers to those who proved nothing

  /// Whether the source of a request may be forged: a handshake proves every other transport's.
  private func isProofNeeded(_ request: Request) -> Bool { request.tuple.transport == .udp }

  /// Whether one more answer goes to the network of somebody who proved nothing.
  private mutating func mayAnswer(_ request: Request) -> Bool {
    !isProofNeeded(request)
      || replyBudget.spend(for: request.tuple.client.ip, now: request.now)
  }

  /// An error with what the client needs to try again; never signed, there is no key to sign with.
  private mutating func challenge(_ request: Request, _ error: ErrorCode) -> Authentication {
    guard let configuration, mayAnswer(request) else {
      return .refused(.drop(.unauthenticatedRate))
    }
    let nonce = configuration.value.nonces.mint(
      for: request.tuple.client, unixSeconds: wallClock.unixSeconds(at: request.now),
      features: configuration.value.features)
    begin(error, request, withReason: false)
    reply.add(.realm, text: configuration.value.realm)
    reply.add(.nonce, span: nonce.span)
    let algorithms = configuration.value.credentials.algorithms
    if !algorithms.isEmpty { reply.add(algorithms: algorithms) }
    // RFC 7635 §6.1: where a token for this server is to be had, the client knows.
    if let name = configuration.value.authorization?.serverName {
      reply.add(.thirdPartyAuthorization, text: name)
    }
    reply.finish(fingerprint: request.message.hasFingerprint)
    return .refused(.reply)
  }

  /// An error without anything: there is no key to sign with, and nothing to try again.
  mutating func refuseUnproven(_ request: Request, _ error: ErrorCode) -> Verdict {
    guard mayAnswer(request) else { return .drop(.unauthenticatedRate) }
    begin(error, request, withReason: false)
    reply.finish(fingerprint: request.message.hasFingerprint)
    return .reply
  }

  mutating func begin(_ error: ErrorCode, _ request: Request, withReason: Bool = true) {
    statistics.errors[error.rawValue, default: 0] &+= 1
    reply.begin(request.message.type.answer(.error), request.message.transactionID)
    reply.add(error, withReason: withReason)
  }

  // MARK: Answers

  /// Writes an error response, signed when the asker is known.
  mutating func refuse(_ request: Request, _ error: ErrorCode, key: [UInt8]?) {
    begin(error, request)
    reply.finish(
      integrityKey: key.map { IntegrityKey($0) }, fingerprint: request.message.hasFingerprint)
  }

  /// Writes a signed error response and says to send it.
  @discardableResult
  mutating func refuse(_ request: Request, _ error: ErrorCode, _ user: AuthenticatedUser)
    -> Verdict
  {
    begin(error, request)
    reply.finish(integrityKey: user.key, fingerprint: request.message.hasFingerprint)
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
      refuse(request, .allocationMismatch, user)
      return nil
    }
    // Who has a new token may have it from another authorization server, whose key his name is.
    let isByToken = user.grant != nil && allocations[handle]?.grant != nil
    guard owner == user.name || isByToken else {
      refuse(request, .wrongCredentials, user)
      return nil
    }
    if isByToken { allocations[handle]?.grant = user.grant }
    return handle
  }
}

extension Span where Element == UInt8 {
  /// Whether these are the bytes of `text`.
  fileprivate func holds(_ text: String) -> Bool {
    guard count == text.utf8.count else { return false }
    var index = 0
    for byte in text.utf8 {
      if self[index] != byte { return false }
      index += 1
    }
    return true
  }
}
