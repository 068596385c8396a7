// Servers with tenants, and tokens of every kind, for the tests beside it.

import Configuration
import Crypto
import Foundation
import NetTypes
import Signaling
import Testing
import TokenTesting

@testable import Admission

/// Who asks for tokens by the settings of a test, at a time of the test's.
final class Office {
  static let now: Int64 = 1_800_000_000
  static let secret = "a secret of thirty-two bytes, no less"
  static let here = IPAddress(192, 0, 2, 7)

  let admission: Admission
  let settings: ServerConfiguration
  var instant = Instant(nanoseconds: 1_000_000_000)

  /// One tenant, `shop`, with the members that `tenant` has.
  convenience init(tenant: String, _ options: String = "") throws {
    try self.init(file: "{ tenants: { shop: { \(tenant) } } }", options)
  }

  init(file: String?, _ options: String = "") throws {
    var arguments = ["--dev"] + options.split(separator: " ").map(String.init)
    if file != nil { arguments += ["--tenants", "/t.json5"] }
    let outcome = try ServerConfiguration.load(
      program: .parleyd, arguments: arguments, environment: [:]
    ) { _ in Array((file ?? "").utf8) }
    guard case .run(let settings) = outcome else { preconditionFailure("no start") }
    self.settings = settings
    var random = SystemRandomNumberGenerator()
    admission = Admission(
      Tenants(settings.tenants), Admission.House(origins: Set(settings.allowedOrigins)),
      throttle: FailureThrottle(HashKey(using: &random)))
  }

  /// With a key of each kind, named by its algorithm.
  static func withAllKeys() throws -> Office {
    let keys = Signer.all.map { "{ kid: '\($0.algorithm)', jwk: \($0.jwkText) }" }
    return try Office(tenant: "keys: [\(keys.joined(separator: ", "))]")
  }

  func join(
    _ token: String?, _ room: String = "tea", from address: IPAddress? = Office.here,
    of origin: PageOrigin = .own, isReturning: Bool = false, at unixSeconds: Int64 = Office.now
  ) -> Admittance {
    admission.admit(
      to: room, token: token,
      Admission.Applicant(address: address, origin: origin, isReturning: isReturning),
      now: instant, unixSeconds: unixSeconds)
  }

  func grant(
    _ token: String?, _ room: String = "tea", location: SourceLocation = #_sourceLocation
  ) throws -> Grant {
    let admittance = join(token, room)
    guard case .granted(let grant) = admittance else {
      Issue.record("\(admittance)", sourceLocation: location)
      throw Refused()
    }
    return grant
  }

  private struct Refused: Error {}
}

extension Admittance {
  /// The code of a refusal.
  var code: ErrorCode? {
    guard case .refused(let code, _, _) = self else { return nil }
    return code
  }

  /// What a refusal says.
  var text: String {
    guard case .refused(_, let text, _) = self else { return "" }
    return text
  }

  var retryAfterMs: Int64? {
    guard case .refused(_, _, let milliseconds) = self else { return nil }
    return milliseconds
  }
}

/// A key that makes tokens as any library does.
struct Signer: Sendable {
  let algorithm: String
  let jwk: JWK

  static let hs256 = Signer(algorithm: "HS256", jwk: ExampleKeys.secret)
  static let rs256 = Signer(algorithm: "RS256", jwk: ExampleKeys.rsa)
  static let es256 = Signer(algorithm: "ES256", jwk: ExampleKeys.p256)
  static let edDSA = Signer(algorithm: "EdDSA", jwk: ExampleKeys.ed25519)
  static let all = [hs256, rs256, es256, edDSA]

  /// As JSON, without the private part.
  var jwkText: String {
    let members = [
      ("kty", jwk.kty), ("crv", jwk.crv), ("k", jwk.k), ("n", jwk.n), ("e", jwk.e), ("x", jwk.x),
      ("y", jwk.y),
    ]
    let texts = members.compactMap { name, value in value.map { "\"\(name)\": \"\($0)\"" } }
    return "{ \(texts.joined(separator: ", ")) }"
  }

  /// A token with these members of the payload besides `exp` and `room`.
  func token(_ claims: String = "", exp: Int64 = Office.now + 600, room: String = "\"tea\"")
    throws -> String
  {
    let more = claims.isEmpty ? "" : ", \(claims)"
    return try token(payload: "{\"exp\": \(exp), \"room\": \(room)\(more)}")
  }

  func token(header: String? = nil, payload: String) throws -> String {
    let header = header ?? "{\"alg\": \"\(algorithm)\", \"kid\": \"\(algorithm)\"}"
    let key = try SignatureKey(jwk)
    return try #require(
      CompactJWS.sign(header: Array(header.utf8), payload: Array(payload.utf8), by: key))
  }
}

/// Random numbers that a test can have again.
struct SeededRandom: RandomNumberGenerator {
  private let seed: UInt64
  private var numbers: SplitMix64

  /// By `PARLEY_SEED`, or any.
  static func fromEnvironment() -> SeededRandom {
    let given = ProcessInfo.processInfo.environment["PARLEY_SEED"].flatMap { UInt64($0) }
    let seed = given ?? UInt64.random(in: 0...UInt64.max)
    return SeededRandom(seed: seed, numbers: SplitMix64(seed: seed))
  }

  /// How to have them again.
  var hint: String { "again: PARLEY_SEED=\(seed) swift test" }

  mutating func next() -> UInt64 { numbers.next() }
}
