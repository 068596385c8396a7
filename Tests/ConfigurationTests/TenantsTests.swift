// The file of tenants and the quick way for one: what they come to, and what is refused.

import Crypto
import Testing
import TokenTesting

@testable import Configuration

/// A parleyd that is started with a file of tenants.
private func start(_ file: String, _ others: [String: String] = [:]) -> Start {
  var start = Start(.parleyd, "--dev --tenants /t.json5")
  start.files = others.merging(["/t.json5": file]) { first, _ in first }
  return start
}

private let secret = "a secret of thirty-two bytes, no less"
private let key = "{ secret: '\(secret)' }"

@Suite("Tenants")
struct TenantsTests {
  @Test func `without keys there are none`() throws {
    #expect(try Start(.parleyd, "--dev").settings().tenants.isEmpty)
  }

  @Test func `secrets on the command line are the keys of one tenant`() throws {
    let (first, second) = (String(repeating: "a", count: 32), String(repeating: "b", count: 32))
    let line = "--dev --join-secret \(first) --join-secret \(second) --api-key 0123456789abcdef"
    let tenants = try Start(.parleyd, line).settings().tenants
    #expect(tenants.count == 1)
    let tenant = try #require(tenants.first)
    #expect(tenant.id == "" && tenant.keys.map(\.id) == [nil, nil])
    #expect(tenant.keys.map(\.key.algorithm) == [.hs256, .hs256])
    #expect(tenant.apiKeyDigests == [SHA256.digest(Array("0123456789abcdef".utf8).span)])
  }

  @Test func `a file has tenants with everything that they may have`() throws {
    let settings = try start(
      """
      { // Two shops.
        tenants: {
          shop: {
            keys: [{ kid: '2026', secret: '\(secret)' }, { kid: 7, pem: '/k.pem' }],
            apiKeys: ['0123456789abcdef', 'sha256:\(String(repeating: "0a", count: 32))'],
            origins: ['https://Shop.example', 'http://localhost:8000'],
            issuer: 'https://shop.example', audience: 'parley', relay: 'on-demand',
            limits: { rooms: 100, peers: 500, peersPerRoom: 8, messagesPerSecond: 1000 },
          },
          'b.ar': { keys: [{ secret: '\(secret)' }] },
        },
      }
      """, ["/k.pem": ExampleKeys.p256PublicPEM]
    ).settings()
    #expect(settings.tenants.map(\.id) == ["b.ar", "shop"])
    let shop = try #require(settings.tenants.last)
    #expect(shop.keys.map(\.id) == ["2026", "7"])
    #expect(shop.keys.map(\.key.algorithm) == [.hs256, .es256])
    #expect(shop.keys.map(\.key.canSign) == [true, false])
    #expect(shop.apiKeyDigests.count == 2)
    #expect(shop.apiKeyDigests.last == [UInt8](repeating: 10, count: 32))
    #expect(shop.origins == ["https://shop.example", "http://localhost:8000"])
    #expect(shop.issuer == "https://shop.example" && shop.audience == "parley")
    #expect(shop.relay == .onDemand)
    let limits = ServerConfiguration.Tenant.Limits(
      rooms: 100, peers: 500, peersPerRoom: 8, messagesPerSecond: 1000)
    #expect(shop.limits == limits)
    #expect(settings.tenants.first?.origins == nil)
  }

  @Test func `keys are in PEM, also inline, in a JSON Web Key, or in a set of these`() throws {
    let inline = ExampleKeys.p256PrivatePEM.split(separator: "\n").joined(separator: "\\n")
    let ed25519 = "kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'"
    let set = """
      { "keys": [ { "kid": "one", "use": "sig", "alg": "EdDSA", \
      "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" },
      { "kid": "enc", "use": "enc", "kty": "RSA", "n": "AQAB", "e": "AQAB" },
      { "kid": "ps", "alg": "PS256", "kty": "RSA", "n": "AQAB", "e": "AQAB" },
      { "kid": "new", "kty": "AKP", "alg": "ML-DSA-44", "pub": "AQAB" } ] }
      """
    let settings = try start(
      """
      { tenants: { a: { keys: [
        { kid: 'pem', pem: '\(inline)' }, { jwk: { kid: 'jwk', \(ed25519) } },
        { jwks: '/set.json' }, { jwks: { keys: [{ kid: 'inline', \(ed25519) }] } } ] } } }
      """, ["/set.json": set]
    ).settings()
    let keys = try #require(settings.tenants.first?.keys)
    #expect(keys.map(\.id) == ["pem", "jwk", "one", "inline"])
    #expect(keys.map(\.key.canSign) == [true, false, false, false])
  }

  @Test(arguments: [
    ("{", "\"/t.json5\", line 1: "),
    ("{ tenants: {\n a: {},\n a: {} } }", "\"/t.json5\", line 3: the key \"a\" is there twice"),
    ("{}", "\"/t.json5\": tenants is missing or empty"),
    ("{ tenants: {} }", "\"/t.json5\": tenants is missing or empty"),
    ("{ tenants: [] }", "\"/t.json5\": tenants is no object"),
    ("{ tenant: {} }", "\"/t.json5\": \"tenant\" means nothing here; did you mean tenants?"),
    ("{ tenants: { 'a b': {} } }", "tenants.\"a b\" is no name: 1 to 64 of A-Z a-z 0-9"),
    ("{ tenants: { a: 7 } }", "\"/t.json5\": tenants.a is no object"),
    ("{ tenants: { a: {} } }", "tenants.a.keys is missing or empty: nobody could join"),
    ("{ tenants: { a: { keys: [7] } } }", "tenants.a.keys[0] is no object"),
    ("{ tenants: { a: { keys: [{}] } } }", "keys[0] needs one of secret, pem, jwk, jwks"),
    ("{ tenants: { a: { kyes: [] } } }", "\"kyes\" means nothing here; did you mean keys?"),
    ("{ tenants: { a: { keys: [{ kid: 'k' }] } } }", "keys[0] needs one of secret, pem"),
    ("{ tenants: { a: { keys: [{ secret: 's', pem: 'p' }] } } }", "keys[0] needs one of"),
    ("{ tenants: { a: { keys: [{ secret: 'short' }] } } }", "keys[0].secret has fewer than 32"),
    ("{ tenants: { a: { keys: [{ secret: '' }] } } }", "keys[0].secret is not a text of 1 to"),
    ("{ tenants: { a: { keys: [{ pem: '/no.pem' }] } } }", "\"/no.pem\" can not be read"),
    ("{ tenants: { a: { keys: [{ pem: '/t.json5' }] } } }", "keys[0].pem is no PEM text"),
    ("{ tenants: { a: { keys: [{ jwk: {} }] } } }", "keys[0].jwk is neither of RSA nor"),
    ("{ tenants: { a: { keys: [{ jwks: 7 }] } } }", "\"7\" can not be read"),
    ("{ tenants: { a: { keys: [{ jwks: { keys: [] } }] } } }", "jwks has no key for HS256, RS256"),
    ("{ tenants: { a: { keys: [\(key)], apiKeys: ['short'] } } }", "a.apiKeys[0] is no API key"),
    ("{ tenants: { a: { keys: [\(key)], apiKeys: ['sha256:77'] } } }", "64 hexadecimal digits"),
    ("{ tenants: { a: { keys: [\(key)], apiKeys: 'x' } } }", "a.apiKeys is no list"),
    ("{ tenants: { a: { keys: [\(key)], origins: ['shop'] } } }", "a.origins[0] is not an origin"),
    ("{ tenants: { a: { keys: [\(key)], relay: 'sometimes' } } }", "a.relay is not one of always"),
    ("{ tenants: { a: { keys: [\(key)], limits: { rooms: 0 } } } }", "rooms is not a number from"),
    ("{ tenants: { a: { keys: [\(key)], limits: { room: 1 } } } }", "did you mean rooms?"),
    ("{ tenants: { a: { keys: [\(key)], issuer: {} } } }", "a.issuer is not a text or a number"),
  ])
  func `a mistake in the file stops the start and says where it is`(file: String, part: String) {
    let message = start(file).refusal()
    #expect(message.contains(part), "\(message)")
    #expect(!message.contains("short") && !message.contains(secret))
  }

  @Test func `a name or a key is there once, in all tenants together`() {
    let named = "{ kid: 'k', secret: '\(secret)' }"
    let twice = start("{ tenants: { a: { keys: [\(named)] }, b: { keys: [\(named)] } } }")
    #expect(twice.refusal().hasSuffix("tenants.b.keys[0]: the kid \"k\" is there twice"))
    let apiKey = "{ keys: [\(key)], apiKeys: ['0123456789abcdef'] }"
    #expect(start("{ tenants: { a: \(apiKey), b: \(apiKey) } }").refusal().contains("b.apiKeys"))
    let public1 = "{ pem: '/k.pem' }"
    let nameless = start(
      "{ tenants: { a: { keys: [\(public1), \(public1)] } } }",
      ["/k.pem": ExampleKeys.p256PublicPEM])
    #expect(nameless.refusal().contains("keys[1] needs a kid: 1 for ES256 without one"))
    let many = Array(repeating: key, count: 9).joined(separator: ", ")
    #expect(start("{ tenants: { a: { keys: [\(many)] } } }").refusal().contains("needs a kid: 8"))
  }

  @Test(arguments: [
    ("--join-secret short", "--join-secret: the value (not shown) has fewer than 32 bytes"),
    ("--api-key short", "--api-key: the value (not shown) is no API key"),
    ("--public-url *", "--public-url: \"*\" is not a URL without a path"),
    ("--public-url calls.example.org", "is not a URL without a path, such as https://calls"),
    ("--tenants /no.json5", "--tenants: \"/no.json5\" can not be read"),
    (
      "--tenants /t.json5 --api-key 0123456789abcdef",
      "--tenants has the keys of all: put --join-secret and --api-key there"
    ),
  ])
  func `a mistake on the command line is told`(line: String, part: String) {
    var start = Start(.parleyd, "--dev " + line)
    start.files["/t.json5"] = "{ tenants: { a: { keys: [\(key)] } } }"
    #expect(start.refusal().contains(part))
  }

  @Test func `where browsers reach the server is an origin`() throws {
    let settings = try Start(.parleyd, "--dev --public-url https://Calls.example.org:8443")
      .settings()
    #expect(settings.publicURL == "https://calls.example.org:8443")
    #expect(try Start(.parleyd, "--dev").settings().publicURL == nil)
  }

  @Test func `nine secrets are too many`() {
    let secret = String(repeating: "s", count: 32)
    let line = String(repeating: "--join-secret \(secret) ", count: 9)
    #expect(Start(.parleyd, "--dev " + line).refusal().contains("at most 8"))
  }
}
