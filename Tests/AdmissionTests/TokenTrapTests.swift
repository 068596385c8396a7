// The ways in which servers have believed tokens that they should not have (RFC 8725).

import Crypto
import NetTypes
import Signaling
import Testing
import TokenTesting

@testable import Admission

struct TokenTrapTests {
  private let office: Office
  private let good = "{\"exp\": \(Office.now + 600), \"room\": \"tea\"}"

  init() throws { office = try Office.withAllKeys() }

  private func refused(
    _ token: String, _ word: String, code: ErrorCode = .badToken, at time: Int64 = Office.now,
    location: SourceLocation = #_sourceLocation
  ) {
    // Each from an address of its own, as far as the throttle is concerned.
    let admittance = office.join(token, from: nil, at: time)
    #expect(admittance.code == code, sourceLocation: location)
    #expect(admittance.text.contains(word), "\(admittance.text)", sourceLocation: location)
  }

  private func base64(_ text: String) -> String { Base64URL.encode(Array(text.utf8)) }

  @Test(arguments: ["none", "None", "NONE", "nOnE", ""])
  func `alg none is refused in every spelling`(algorithm: String) {
    refused("\(base64("{\"alg\":\"\(algorithm)\"}")).\(base64(good)).", "alg")
    refused(ExampleKeys.unsecuredToken, "alg")
  }

  @Test func `a public key is not taken for a secret of HS256`() throws {
    // What the attacker knows: the key in PEM, and in the JSON of a key set.
    let known = Array(ExampleKeys.p256PublicPEM.utf8)
    let inline = ExampleKeys.p256PublicPEM.split(separator: "\n").joined(separator: "\\n")
    let pem = try Office(tenant: "keys: [{ kid: 'k', pem: '\(inline)' }]")
    let forger = try SignatureKey(secret: known)
    for header in ["{\"alg\":\"HS256\",\"kid\":\"k\"}", "{\"alg\":\"HS256\"}"] {
      let token = try #require(
        CompactJWS.sign(header: Array(header.utf8), payload: Array(good.utf8), by: forger))
      #expect(pem.join(token).code == .badToken)
    }
    let signed = try Signer.es256.token(
      header: "{\"alg\":\"ES256\",\"kid\":\"k\"}", payload: good)
    #expect(pem.join(signed).code == nil)
  }

  @Test func `a key is used for its own algorithm alone`() throws {
    for signer in Signer.all {
      for other in Signer.all where other.algorithm != signer.algorithm {
        let header = "{\"alg\":\"\(signer.algorithm)\",\"kid\":\"\(other.algorithm)\"}"
        refused(try signer.token(header: header, payload: good), "not signed")
        let lie = "{\"alg\":\"\(other.algorithm)\",\"kid\":\"\(signer.algorithm)\"}"
        refused(try signer.token(header: lie, payload: good), "not signed")
      }
    }
  }

  @Test func `an unknown kid and a wrong signature are told apart by nobody`() throws {
    let unknown = try Signer.hs256.token(
      header: "{\"alg\":\"HS256\",\"kid\":\"nobody\"}", payload: good)
    let unnamed = try Signer.hs256.token(header: "{\"alg\":\"HS256\"}", payload: good)
    let wrong =
      try Signer.hs256.token().split(separator: ".").dropLast().joined(separator: ".")
      + "." + Base64URL.encode([UInt8](repeating: 7, count: 32))
    let texts = [unknown, unnamed, wrong].map { office.join($0, from: nil).text }
    #expect(Set(texts) == ["the join token is not signed by a key that this server knows"])
  }

  @Test func `a kid that is there twice is refused when the file is read`() {
    let key = "{ kid: 'k', secret: '\(Office.secret)' }"
    #expect(throws: (any Error).self) { try Office(tenant: "keys: [\(key), \(key)]") }
    #expect(throws: (any Error).self) {
      try Office(file: "{ tenants: { a: { keys: [\(key)] }, b: { keys: [\(key)] } } }")
    }
  }

  @Test(arguments: [
    "{\"alg\":\"HS256\",\"kid\":\"HS256\",\"kid\":\"x\"}", "{\"alg\":\"none\",\"alg\":\"HS256\"}",
  ])
  func `a header with a member twice is refused`(header: String) throws {
    refused(try Signer.hs256.token(header: header, payload: good), "twice")
  }

  @Test func `claims with a member twice are refused`() throws {
    let payload = "{\"exp\":\(Office.now + 60),\"room\":\"tea\",\"room\":\"*\"}"
    refused(try Signer.hs256.token(payload: payload), "twice")
  }

  @Test func `a signature of ES256 in DER is refused`() throws {
    let token = try CompactJWS(Signer.es256.token())
    func number(_ half: ArraySlice<UInt8>) -> [UInt8] {
      let bytes = Array(half.drop { $0 == 0 })
      let padded = (bytes.first ?? 0) >= 0x80 ? [0] + bytes : bytes
      return [2, UInt8(padded.count)] + padded
    }
    let numbers = number(token.signature[..<32]) + number(token.signature[32...])
    let der = [0x30, UInt8(numbers.count)] + numbers
    let input = String(decoding: token.signingInput, as: UTF8.self)
    refused("\(input).\(Base64URL.encode(der))", "not signed")
    #expect(office.join("\(input).\(Base64URL.encode(token.signature))").code == nil)
  }

  @Test func `anything behind the token is refused`() throws {
    let token = try Signer.hs256.token()
    refused(token + ".", "header.payload.signature")
    refused(token + ".e30", "header.payload.signature")
    refused(token + " ", "base64url")
    refused(token + "\n", "base64url")
    refused(" " + token, "base64url")
    refused(token + "A", "not signed")
    let payload = try Signer.hs256.token(payload: good + " x")
    refused(payload, "not a JSON object")
  }

  @Test func `padding and other spellings of base64url are refused`() throws {
    let token = try Signer.hs256.token()
    refused(token + "=", "base64url")
    refused(token.replacing("-", with: "+").replacing("_", with: "/") + "/", "base64url")
    // The last digit of a signature of 32 bytes has two bits that mean nothing.
    let last = try #require(token.utf8.last)
    refused(String(token.dropLast()) + String(UnicodeScalar(last + 1)), "base64url")
  }

  @Test func `a token of more than 4096 bytes is refused before it is looked at`() throws {
    let padding = String(repeating: "x", count: 4_000)
    refused(try Signer.hs256.token("\"more\": \"\(padding)\""), "4096 bytes")
    refused(String(repeating: ".", count: 60_000), "4096 bytes")
  }

  @Test(arguments: ["[]", "[\"b64\"]", "[\"exp\"]", "null", "7"])
  func `crit is refused, whatever it names`(crit: String) throws {
    let header = "{\"alg\":\"HS256\",\"kid\":\"HS256\",\"crit\":\(crit),\"b64\":true}"
    refused(try Signer.hs256.token(header: header, payload: good), "crit")
  }

  @Test func `a token that was made for something else is refused`() throws {
    for type in ["\"at+jwt\"", "\"JOSE\"", "7"] {
      let header = "{\"alg\":\"HS256\",\"kid\":\"HS256\",\"typ\":\(type)}"
      refused(try Signer.hs256.token(header: header, payload: good), "typ")
    }
    let header = "{\"alg\":\"HS256\",\"kid\":\"HS256\",\"typ\":\"JWT\"}"
    #expect(office.join(try Signer.hs256.token(header: header, payload: good)).code == nil)
  }

  @Test func `a key that the token brings along, or says where it is, is not used`() throws {
    // CVE-2018-0114 and its kind.
    var own = ExampleKeys.p256
    own.x = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"
    own.y = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"
    own.d = "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"
    let forger = Signer(algorithm: "ES256", jwk: own)
    for place in ["\"jwk\":\(forger.jwkText)", "\"jku\":\"https://x.example/k\"", "\"x5u\":\"y\""] {
      for kid in [",\"kid\":\"ES256\"", ""] {
        let header = "{\"alg\":\"ES256\",\(place)\(kid)}"
        refused(try forger.token(header: header, payload: good), "not signed")
      }
    }
  }

  @Test func `a token without exp is refused`() throws {
    refused(try Signer.hs256.token(payload: "{\"room\":\"tea\"}"), "exp")
    refused(try Signer.hs256.token(payload: "{\"room\":\"tea\",\"exp\":null}"), "exp")
    refused(try Signer.hs256.token(payload: "{\"room\":\"tea\",\"exp\":\"1900000000\"}"), "exp")
    refused(try Signer.hs256.token(payload: "{\"room\":\"tea\",\"exp\":-1}"), "exp")
    // Milliseconds: the year 58,000.
    refused(try Signer.hs256.token(exp: Office.now * 1_000), "seconds since 1970")
    refused(try Signer.hs256.token(payload: "{\"room\":\"tea\",\"exp\":1e300}"), "exp")
  }

  @Test func `times may have a fraction`() throws {
    let payload = "{\"room\":\"tea\",\"exp\":\(Office.now).5,\"iat\":1799999999.25}"
    #expect(office.join(try Signer.hs256.token(payload: payload)).code == nil)
  }

  @Test func `an expired token is told as such, a minute late at most`() throws {
    let token = try Signer.edDSA.token(exp: Office.now)
    #expect(office.join(token, at: Office.now + 59).code == nil)
    refused(token, "expired", code: .tokenExpired, at: Office.now + 60)
    // A wrong signature is not worth the word.
    let other = token.dropLast(20) + String(repeating: "A", count: 20)
    refused(String(other), "not signed", at: Office.now + 60)
  }

  @Test(arguments: ["nbf", "iat"])
  func `a token from the future is refused, but for a minute`(claim: String) throws {
    let token = try Signer.rs256.token("\"\(claim)\": \(Office.now)")
    #expect(office.join(token, at: Office.now - 60).code == nil)
    refused(token, "\(claim) of the join token is in the future", at: Office.now - 61)
  }

  @Test func `iss has to be the tenant's issuer, where it has one`() throws {
    let office = try Office(
      tenant: "keys: [{ kid: 'HS256', jwk: \(Signer.hs256.jwkText) }], issuer: 'https://shop'")
    #expect(office.join(try Signer.hs256.token("\"iss\": \"https://shop\"")).code == nil)
    for claims in ["\"iss\": \"https://shop/\"", "", "\"iss\": [\"https://shop\"]"] {
      #expect(office.join(try Signer.hs256.token(claims)).code == .badToken)
    }
  }

  @Test func `aud has to name the tenant's audience, as a string or in a list`() throws {
    let office = try Office(
      tenant: "keys: [{ kid: 'HS256', jwk: \(Signer.hs256.jwkText) }], audience: 'parley'")
    for claims in ["\"aud\": \"parley\"", "\"aud\": [\"a\", \"parley\"]"] {
      #expect(office.join(try Signer.hs256.token(claims)).code == nil)
    }
    for claims in ["", "\"aud\": \"parle\"", "\"aud\": [\"a\"]", "\"aud\": []", "\"aud\": 7"] {
      #expect(office.join(try Signer.hs256.token(claims), from: nil).code == .badToken)
    }
  }

  @Test func `a token for somebody else's audience is refused where there is none`() throws {
    refused(try Signer.hs256.token("\"aud\": \"billing\""), "aud")
  }

  @Test func `a tenant's key opens no other tenant`() throws {
    let office = try Office(
      file: """
        { tenants: {
          a: { keys: [{ kid: 'HS256', jwk: \(Signer.hs256.jwkText) }] },
          b: { keys: [{ kid: 'ES256', jwk: \(Signer.es256.jwkText) }] } } }
        """)
    #expect(try office.grant(Signer.hs256.token()).tenant.text == "a")
    #expect(try office.grant(Signer.es256.token()).tenant.text == "b")
    let claimed = office.join(try Signer.hs256.token("\"tenant\": \"b\""))
    #expect(claimed.code == .badToken && claimed.text.contains("tenant"))
  }

  @Test func `what is no token at all is refused`() {
    for text in ["", ".", "..", "...", "a", "e30.e30.e30", "\u{1F600}.e30.e30"] {
      #expect(office.join(text, from: nil).code == .badToken)
    }
    #expect(office.join(nil, from: nil).code == .badToken)
  }

  @Test func `damaged tokens never get in, and never crash`() throws {
    var random = SeededRandom.fromEnvironment()
    for signer in Signer.all {
      let token = Array(try signer.token().utf8)
      for _ in 0..<300 {
        var damaged = token
        for _ in 0...Int.random(in: 0..<3, using: &random) {
          let index = Int.random(in: 0..<damaged.count, using: &random)
          switch Int.random(in: 0..<3, using: &random) {
          case 0: damaged[index] = UInt8.random(in: 0x20..<0x7F, using: &random)
          case 1: damaged.remove(at: index)
          default: damaged.insert(UInt8.random(in: 0x20..<0x7F, using: &random), at: index)
          }
        }
        guard damaged != token else { continue }
        let text = String(decoding: damaged, as: UTF8.self)
        #expect(office.join(text, from: nil).code == .badToken, "\(random.hint) \(text)")
      }
    }
  }
}
