// What is made of a turnserver.conf: of each key, of mistakes, and of keys that lead nowhere.

import NetTypes
import Testing

@testable import Configuration

@Suite("coturn's turnserver.conf")
struct TurnserverTests {
  private static let path = "/etc/turnserver.conf"

  private func start(_ conf: String, _ line: String = "") -> Start {
    var start = Start(.turnd, "--turnserver-conf \(Self.path) \(line)")
    start.files[Self.path] = conf
    return start
  }

  private func translate(_ conf: String) throws -> TurnserverTranslation {
    try TurnserverTranslation(
      conf, path: Self.path, for: ServerConfiguration.table(for: .turnd))
  }

  @Test func `A file as Matrix and Nextcloud have it starts a relay`() throws {
    let settings = try start(
      """
      # A comment.
      listening-port=3479
      listening-ip=192.0.2.7
      relay-ip=192.0.2.7
      min-port=50000
        max-port = 50999
      fingerprint
      use-auth-secret
      static-auth-secret="first secret"
      static-auth-secret=second
      realm=turn.example.org
      total-quota=100
      user-quota 12
      no-multicast-peers
      no-cli
      no-tlsv1
      """
    ).settings()
    #expect(
      settings.listeners.filter { $0.transport == .udp }.map(\.address.text) == ["192.0.2.7:3479"])
    #expect(settings.relayAddresses.map(\.text) == ["192.0.2.7"])
    #expect(settings.portRange.text == "50000-50999")
    #expect(settings.secrets.map(\.text) == ["first secret", "second"])
    #expect(settings.realm == "turn.example.org")
    #expect(settings.totalQuota == 100)
    #expect(settings.userQuota == 12)
  }

  @Test func `A certificate comes with its key, and DTLS where it is asked for`() throws {
    let settings = try start(
      """
      listening-ip=192.0.2.7
      use-auth-secret
      static-auth-secret=secret
      cert=/etc/turn/chain.pem
      pkey=/etc/turn/key.pem
      dtls
      """
    ).settings()
    #expect(settings.certificate == .init(chain: "/etc/turn/chain.pem", key: "/etc/turn/key.pem"))
    #expect(
      settings.listeners.filter { $0.transport == .dtls }.map(\.address.text)
        == ["192.0.2.7:5349"])
  }

  @Test func `Users come with a password or with coturn's key`() throws {
    let settings = try start(
      """
      listening-ip=192.0.2.7
      lt-cred-mech
      realm=north.gov
      user=gorst:hero
      user=ann:0x7da2270ccfa49786e0115366d3a3d14d
      """
    ).settings()
    #expect(settings.users.map(\.name) == ["gorst", "ann"])
    #expect(settings.users.first?.passwords == ["hero"])
    #expect(settings.users.last?.key?.first == 0x7d)
  }

  @Test func `coturn's connection string for Redis is understood, and never shown`() throws {
    let conf = """
      listening-ip=192.0.2.7
      redis-userdb="ip=127.0.0.1 dbname=2 user=turn password=a=b%s port=6380 connect_timeout=30"
      """
    let redis = try #require(try start(conf).settings().redisUsers)
    #expect(redis.host == "127.0.0.1" && redis.port == 6_380 && redis.database == 2)
    #expect(redis.user == "turn" && redis.password?.text == "a=b%s")
    #expect(redis.timeout == .seconds(30))
    let refusal = start("redis-userdb=password=sesame tls=true").refusal()
    #expect(refusal.contains("has the key \"tls\"") && !refusal.contains("sesame"))
  }

  @Test func `A flag wins over the file, and the file over the default`() throws {
    let conf = "listening-ip=192.0.2.7\nuser=ann:pw\nrealm=a\nuser-quota=3"
    let settings = try start(conf, "--realm b").settings()
    #expect(settings.realm == "b")
    #expect(settings.userQuota == 3)
    #expect(settings.totalQuota == 16_384)
  }

  @Test func `Several addresses listen each, on the transports that are served`() throws {
    let translation = try translate("listening-ip=192.0.2.7\nlistening-ip=2001:db8::7\nno-tcp")
    #expect(
      translation.values["listen"]?.values == ["udp:192.0.2.7:3478", "udp:[2001:db8::7]:3478"])
    #expect(try translate("realm=a").values["listen"]?.values.first == "udp:0.0.0.0:3478")
    let none = start("listening-ip=192.0.2.7\nuser=ann:pw\nno-udp=on\nno-tcp=1").refusal()
    #expect(none.hasSuffix("line 3: no-udp: no transport is left to listen with"))
  }

  @Test func `A range of peers becomes blocks, and what is allowed is cut out of what is denied`()
    throws
  {
    let translation = try translate(
      """
      denied-peer-ip=10.0.0.0-10.255.255.255
      denied-peer-ip=203.0.113.7
      allowed-peer-ip=10.1.2.0-10.1.2.255
      denied-peer-ip=10.1.2.4-10.1.2.5
      allow-loopback-peers
      """)
    #expect(
      translation.values["allow-peer"]?.values == ["10.1.2.0/24", "127.0.0.0/8", "::1/128"])
    let denied = try #require(translation.values["deny-peer"]?.values.compactMap { CIDR($0) })
    #expect(denied.contains { $0.text == "203.0.113.7/32" })
    func isDenied(_ text: String) -> Bool {
      IPAddress(text).map { ip in denied.contains { $0.contains(ip) } } ?? false
    }
    #expect(isDenied("10.1.1.255") && isDenied("10.1.3.0") && isDenied("10.255.255.255"))
    #expect(!isDenied("10.1.2.0") && !isDenied("10.1.2.4") && !isDenied("10.1.2.255"))
    #expect(!isDenied("11.0.0.0"))
  }

  @Test func `A key that is not served is told by its name, its line and why`() throws {
    let translation = try translate(
      """
      cli-password=sesame
      psql-userdb="host=localhost"

      no-such-key=1
      listening-prot=3478
      prometheus=0
      """)
    #expect(translation.notes.map(\.line) == [1, 2, 4, 5])
    #expect(translation.notes.map(\.key).prefix(2) == ["cli-password", "psql-userdb"])
    #expect(translation.notes[2].reason == "no key of coturn's")
    #expect(translation.notes[3].reason.hasSuffix("did you mean listening-port?"))
    #expect(!"\(translation.notes)".contains("sesame"))
  }

  @Test("coturn #151: stale-nonce=10 does not silently mean 600: it is told")
  func staleNonceIsTold() throws {
    let note = try #require(try translate("stale-nonce=10").notes.first)
    #expect(note.key == "stale-nonce" && note.reason == "a nonce lasts 600 s")
  }

  @Test func `What coturn has for allocations is served under its own names`() throws {
    let values = try translate(
      """
      mobility
      alternate-server=192.0.2.9:3478
      max-allocate-lifetime=1800
      keep-address-family
      no-tcp-relay=0
      """
    ).values.mapValues(\.values)
    #expect(values["mobility"] == ["true"] && values["no-tcp-relay"] == nil)
    #expect(values["alternate-server"] == ["192.0.2.9:3478"])
    #expect(values["max-lifetime"] == ["1800"])
    #expect(values["default-family"] == ["keep"])
  }

  @Test func `A limit of bytes per second is one of each allocation, as in coturn`() throws {
    let conf = "listening-ip=192.0.2.7\nuser=ann:pw\nmax-bps=125000"
    #expect(try start(conf).settings().allocationBandwidth == 125_000)
  }

  @Test(arguments: [
    ("denied-peer-ip=10.0.0.0-9.0.0.0", "line 1: denied-peer-ip: \"10.0.0.0-9.0.0.0\" is not an"),
    ("denied-peer-ip=10.0.0.0/33", "is not an address, or a range"),
    ("\nallowed-peer-ip=::1-127.0.0.1", "line 2: allowed-peer-ip"),
    ("listening-ip=eth0", "line 1: listening-ip: \"eth0\" is not an IP address"),
    ("listening-port=0", "listening-port: \"0\" is not a port from 1 to 65535"),
    ("min-port=60000\nmax-port=50000", "min-port 60000 is above max-port 50000"),
    ("user=ann", "line 1: user: the value (not shown) is not NAME:PASSWORD"),
    ("user=ann:0x12", "the value (not shown) has a key that is neither 32 (MD5) nor 64"),
    ("user-quota=many", "user-quota: \"many\" is not a number from 0 to 65535"),
    ("no-tcp=maybe\nlistening-ip=1.1.1.1", "line 1: no-tcp: \"maybe\" is not on or off"),
    ("stun-only", "stun-only is not served: run stund"),
    ("no-auth", "no-auth is not served: who relays for everybody is abused"),
  ])
  func `A malformed value is refused, with its line`(conf: String, message: String) {
    let refusal = start(conf).refusal()
    #expect(refusal.contains(message), "\(refusal)")
    #expect(refusal.hasPrefix("\"/etc/turnserver.conf\", line "), "\(refusal)")
  }

  @Test func `A file that is not there, or no text, is refused`() {
    let missing = Start(.turnd, "--turnserver-conf /nowhere").refusal()
    #expect(missing == "--turnserver-conf: \"/nowhere\" can not be read (\"no such file\")")
  }

  @Test func `Every option that a key is given to exists`() throws {
    let table = ServerConfiguration.table(for: .turnd)
    for (key, meaning) in TurnserverKeys.all {
      switch meaning {
      case .option(let name), .toggle(let name):
        #expect(table.option(named: name) != nil, "\(key): --\(name)")
      case .part, .always, .unserved, .refused: break
      }
    }
  }
}
