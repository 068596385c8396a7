// What join tokens of all four kinds give, claim by claim.

import Configuration
import Crypto
import NetTypes
import Signaling
import Testing

@testable import Admission

struct JoinTokenTests {
  @Test(arguments: Signer.all)
  func `a token of each algorithm lets its bearer in`(signer: Signer) throws {
    let office = try Office.withAllKeys()
    let grant = try office.grant(try signer.token())
    #expect(grant.tenant.text == "shop")
    #expect(grant.permissions == .usual)
    #expect(grant.peer == nil && grant.role == nil && grant.name == nil)
  }

  @Test func `what a token says of its bearer comes into the grant`() throws {
    let office = try Office.withAllKeys()
    let token = try Signer.es256.token(
      """
      "peer": "guide-1", "name": "Änn", "role": "guide", "can": ["message", "moderate"],
      "relay": "always", "tenant": "shop", "jti": "7f", "sub": "ignored"
      """)
    let grant = try office.grant(token)
    #expect(grant.peer?.text == "guide-1")
    #expect(grant.name?.text == "Änn")
    #expect(grant.role?.text == "guide")
    #expect(grant.permissions == [.message, .moderate])
    #expect(grant.relay == .always)
  }

  @Test func `the limits of the tenant come into the grant`() throws {
    let office = try Office(
      tenant: """
        keys: [{ secret: '\(Office.secret)' }],
        limits: { rooms: 10, peers: 20, peersPerRoom: 4, messagesPerSecond: 100 }
        """)
    let signer = try #require(office.admission.tenants.keys(nil, .hs256).first)
    #expect(signer.owner.limits.roomsMax == 10 && signer.owner.limits.peersMax == 20)
    #expect(signer.owner.limits.peersPerRoomMax == 4)
    #expect(signer.owner.limits.messages == Rate(perSecond: 100, burst: 200))
  }

  @Test func `a token is for one room, for several, or for all that begin alike`() throws {
    let office = try Office.withAllKeys()
    func lets(_ rooms: String, into room: String) throws -> Bool {
      let admittance = office.join(try Signer.hs256.token(room: rooms), room)
      if admittance.code != nil { #expect(admittance.code == .forbidden) }
      return admittance.code == nil
    }
    #expect(try lets("\"tea\"", into: "tea"))
    #expect(try !lets("\"tea\"", into: "tea2"))
    #expect(try !lets("\"Tea\"", into: "tea"))
    #expect(try lets("[\"tea\", \"cake\"]", into: "cake"))
    #expect(try !lets("[\"tea\", \"cake\"]", into: "pie"))
    #expect(try lets("\"tea-*\"", into: "tea-7"))
    #expect(try lets("\"tea-*\"", into: "tea-"))
    #expect(try !lets("\"tea-*\"", into: "tea"))
    #expect(try lets("[\"cake\", \"t*\"]", into: "tea"))
    #expect(try lets("\"*\"", into: "anything"))
  }

  @Test(arguments: ["\"\"", "[]", "\"te a\"", "\"*tea\"", "\"t*a\"", "7", "null", "[7]", "{}"])
  func `a room that can not be is a mistake of the token`(room: String) throws {
    let office = try Office.withAllKeys()
    #expect(office.join(try Signer.hs256.token(room: room)).code == .badToken)
  }

  @Test func `a token without a room is for none`() throws {
    let office = try Office.withAllKeys()
    let token = try Signer.hs256.token(payload: "{\"exp\": \(Office.now + 60)}")
    #expect(office.join(token).code == .badToken)
    #expect(office.join(token).text.contains("room"))
  }

  @Test(arguments: [
    ("\"peer\": \"a b\"", "peer"), ("\"peer\": 7", "peer"), ("\"name\": \"a\\u0007\"", "name"),
    ("\"role\": \"\"", "role"), ("\"can\": \"signal\"", "can"), ("\"can\": [\"fly\"]", "can"),
    ("\"can\": null", "can"), ("\"relay\": \"maybe\"", "relay"), ("\"tenant\": 1", "tenant"),
  ])
  func `a claim that can not be is named`(claim: String, name: String) throws {
    let office = try Office.withAllKeys()
    let admittance = office.join(try Signer.hs256.token(claim))
    #expect(admittance.code == .badToken)
    #expect(admittance.text.hasPrefix("\(name) of the join token"))
  }

  @Test func `an empty list of permissions leaves none`() throws {
    let office = try Office.withAllKeys()
    #expect(try office.grant(Signer.hs256.token("\"can\": []")).permissions == [])
  }

  @Test func `the token's relay policy holds, but nobody gets what is never given`() throws {
    let key = "keys: [{ kid: 'HS256', jwk: \(Signer.hs256.jwkText) }]"
    func relay(_ tenant: String, _ claim: String) throws -> RelayPolicy {
      let office = try Office(tenant: key + tenant)
      return try office.grant(Signer.hs256.token(claim)).relay
    }
    #expect(try relay("", "") == .fallback)
    #expect(try relay(", relay: 'on-demand'", "") == .onDemand)
    #expect(try relay(", relay: 'on-demand'", "\"relay\": \"always\"") == .always)
    #expect(try relay(", relay: 'always'", "\"relay\": \"never\"") == .never)
    #expect(try relay(", relay: 'never'", "\"relay\": \"always\"") == .never)
  }

  @Test func `everybody is let in where no keys are given, whatever he brings`() throws {
    let office = try Office(file: nil)
    for token in [nil, "", "nonsense", ExpiredToken.text] {
      let grant = try office.grant(token)
      #expect(grant.tenant == .open && grant.permissions == .usual)
    }
  }

  @Test func `one secret is a tenant too`() throws {
    let secret = String(repeating: "s", count: 32)
    let office = try Office(file: nil, "--join-secret \(secret)")
    var key = Signer.hs256.jwk
    key.k = "c3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3M"
    let signer = Signer(algorithm: "HS256", jwk: key)
    let payload = "{\"exp\": \(Office.now + 60), \"room\": \"tea\"}"
    let grant = try office.grant(signer.token(header: "{\"alg\": \"HS256\"}", payload: payload))
    #expect(grant.tenant == .open)
    #expect(office.join(nil).code == .badToken)
  }

  private enum ExpiredToken {
    static let text = "eyJhbGciOiJub25lIn0.e30."
  }
}
