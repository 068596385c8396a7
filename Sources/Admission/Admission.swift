// Who may join a room, and as what: the one place.

public import NetTypes
public import Signaling

/// Judges those who want to join, on one loop. The throttle is shared by all loops.
public final class Admission {
  /// Somebody who wants in.
  public struct Applicant: Sendable {
    /// Where it is; nil for those whose failures are not counted, because many share the address.
    public var address: IPAddress?
    /// The page it runs in.
    public var origin: PageOrigin
    /// Whether it has shown a good secret of an earlier session: it may come back without a token,
    /// and its failures are not counted either.
    public var isReturning: Bool

    public init(address: IPAddress?, origin: PageOrigin = .own, isReturning: Bool = false) {
      self.address = address
      self.origin = origin
      self.isReturning = isReturning
    }
  }

  /// What holds for all tenants.
  public struct House: Sendable {
    /// Where a tenant does not say otherwise. `never` holds for all.
    public var relay: RelayPolicy
    /// Origins that pages of tenants without a list of their own may have; `*` for all.
    public var origins: Set<String>

    public init(relay: RelayPolicy = .fallback, origins: Set<String> = []) {
      self.relay = relay
      self.origins = origins
    }
  }

  private let throttle: FailureThrottle
  private var reader = TokenReader()
  private var budget = VerificationBudget()
  private(set) var tenants: Tenants
  private(set) var house: House

  public init(_ tenants: Tenants, _ house: House, throttle: FailureThrottle) {
    self.tenants = tenants
    self.house = house
    self.throttle = throttle
  }

  /// Others from now on; who is in stays.
  public func take(_ tenants: Tenants, _ house: House) {
    self.tenants = tenants
    self.house = house
  }

  /// Whether somebody who asks for `room` by `token` is let in.
  ///
  /// - Parameters:
  ///   - room: the name of one.
  ///   - now: for the throttle.
  ///   - unixSeconds: the same by the calendar, for the token.
  public func admit(
    to room: String, token: String?, _ applicant: Applicant, now: Instant, unixSeconds: Int64
  ) -> Admittance {
    // Before anything that costs much.
    if let wait = applicant.address.flatMap({ throttle.wait(for: $0, now: now) }) {
      return Self.later(wait, "too many failed joins, or floods, from this address")
    }
    guard tenants.wantTokens else { return .granted(Grant(relay: house.relay)) }
    let counted = applicant.isReturning ? nil : applicant.address
    guard let token else {
      if let counted { throttle.failed(counted, now: now) }
      return .refused(.badToken, "this server asks for a join token")
    }
    if let wait = budget.wait(now: now) {
      return Self.later(wait, "too many failed joins, just now")
    }
    do throws(TokenFault) {
      let (member, claims) = try reader.read(token, tenants, unixSeconds: unixSeconds)
      let refusal = refusal(room, member, claims, applicant)
      if refusal != nil, let counted { throttle.failed(counted, now: now) }
      return refusal ?? .granted(grant(member, claims))
    } catch {
      if error.wasExpensive { budget.spend(now: now) }
      if let counted { throttle.failed(counted, now: now) }
      return .refused(error.kind == .expired ? .tokenExpired : .badToken, error.text)
    }
  }

  private func refusal(
    _ room: String, _ member: Tenants.Member, _ claims: JoinToken, _ applicant: Applicant
  ) -> Admittance? {
    guard claims.rooms.has(room) else {
      return .refused(.forbidden, "the join token is for another room")
    }
    if case .other(let text) = applicant.origin {
      let allowed = member.origins ?? house.origins
      guard allowed.contains("*") || allowed.contains(text) else {
        return .refused(.forbidden, "pages of this origin may not use rooms of the tenant")
      }
    }
    return nil
  }

  private func grant(_ member: Tenants.Member, _ claims: JoinToken) -> Grant {
    Grant(
      tenant: member.id, peer: claims.peer, name: claims.name, role: claims.role,
      permissions: claims.permissions, relay: relay(for: member, claims.relay),
      limits: member.limits)
  }

  /// A token may ask for anything but for what its tenant or the house never gives.
  func relay(for member: Tenants.Member, _ claimed: RelayPolicy?) -> RelayPolicy {
    if house.relay == .never || member.relay == .never { return .never }
    return claimed ?? member.relay ?? house.relay
  }

  private static func later(_ wait: Duration, _ text: String) -> Admittance {
    .refused(.tooManyAttempts, text, retryAfterMs: wait.wholeMilliseconds)
  }
}

extension Duration {
  /// Rounded up, so that it is over when it has passed.
  var wholeMilliseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
  }
}

/// How much of a loop's time signatures may take that turn out to be wrong, wherever they come
/// from: one costs some 100 µs.
struct VerificationBudget {
  /// In the long run, and at once.
  static let perSecond = 1_000
  private static let interval = Duration.seconds(1) / perSecond
  private var fullAt = Instant.zero

  /// How long nobody may try; nil when somebody may now.
  func wait(now: Instant) -> Duration? {
    let over = fullAt + Self.interval - (now + .seconds(1))
    return over > .zero ? over : nil
  }

  mutating func spend(now: Instant) { fullAt = max(fullAt, now) + Self.interval }
}
