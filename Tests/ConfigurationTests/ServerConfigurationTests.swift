// What servers make of their options: defaults, precedence, development mode, URLs for clients.

import Logging
import NetTypes
import Testing

@testable import Configuration

@Suite("Configuration of the servers")
struct ServerConfigurationTests {
  @Test func `The command line that benchmarks use is understood`() throws {
    let settings = try Start(
      .turnd,
      "--listen udp:127.0.0.1:23478 --relay-ip 127.0.0.1 --realm bench --user bench:bench"
        + " --allow-peer 127.0.0.0/8 --threads 1"
    ).settings()
    let address = try #require(SocketAddress("127.0.0.1:23478"))
    #expect(settings.listeners == [.init(transport: .udp, address: address)])
    #expect(settings.relayAddresses == [IPAddress(127, 0, 0, 1)])
    #expect(settings.realm == "bench")
    #expect(settings.users == [.init(name: "bench", proof: .password(Secret("bench")))])
    #expect(settings.allowedPeers.map(\.text) == ["127.0.0.0/8"])
    #expect(settings.threads == 1)
    #expect(settings.userQuota == nil)
    #expect(settings.isDevelopment == false)
  }

  @Test func `Behind a NAT, clients are told the outside address`() throws {
    let line = "--external-ip 203.0.113.8/10.0.0.8 --external-ip 2001:db8::8/fd00::8 --user a:b"
    let settings = try Start(.parleyd, line).settings()
    #expect(settings.relayAddresses.map(\.text) == ["10.0.0.8", "fd00::8"])
    #expect(settings.turnURLs == ["turn:203.0.113.8:3478?transport=udp"])
    let one = try Start(.turnd, enough + "--external-ip 203.0.113.8").settings()
    #expect(one.externalAddresses.map(\.inside.text) == ["192.0.2.7"])
  }

  @Test("CVE-2018-4059: nothing can be administered unless an address is given for it")
  func noAdministrationByDefault() throws {
    #expect(try Start(.turnd, enough).settings().admin == nil)
    #expect(try Start(.parleyd, enough).settings().admin == nil)
  }

  @Test func `Defaults come from the table`() throws {
    let settings = try Start(.parleyd, enough).settings()
    #expect(settings.listeners.map(\.address.text) == ["0.0.0.0:3478"])
    #expect(settings.http?.text == "0.0.0.0:8080")
    #expect(settings.portRange == .dynamic)
    #expect(settings.maxPeersPerRoom == 32 && settings.maxConnections == nil)
    #expect(settings.messageRate == 50)
    #expect(settings.totalQuota == 16_384)
    #expect(settings.allocationBandwidth == nil && settings.userBandwidth == nil)
    #expect(settings.relaysTCP)
    #expect(settings.allocations.defaultFamily == .ipv4 && !settings.allocations.areMobile)
    #expect(settings.allocations.lifetimeDefaultSeconds == 600)
    #expect(settings.allocations.lifetimeMaxSeconds == 3_600)
    #expect(settings.relayPolicy == .fallback)
    #expect(settings.trustedForwarders == [] && settings.forwardedHeader == .xForwardedFor)
    #expect(settings.maxConnectionAge == nil)
    #expect(settings.realm == "parley")
    #expect(settings.logLevel == .info)
    #expect(settings.restSeparator == ":" && !settings.hasStrictExpiry)
    #expect(settings.unauthenticatedRate == 1_000)
    #expect(settings.admin == nil)
    #expect((1...256).contains(settings.threads))
    #expect(try Start(.turnd, enough).settings().http == nil)
  }

  @Test func `Signaling connections grow old only where that is asked for`() throws {
    let settings = try Start(.parleyd, enough + "--max-connection-age 3600").settings()
    #expect(settings.maxConnectionAge == .seconds(3_600))
    let never = try Start(.parleyd, enough + "--max-connection-age 0").settings()
    #expect(never.maxConnectionAge == nil)
  }

  @Test func `Every option of the table sets something`() throws {
    let line =
      "--drain-deadline 60 --stop-grace 7 --public-url https://c.example --listen udp:192.0.2.7:1"
      + " --listen udp:[2001:db8::7]:2 --http [::1]:80 --max-peers 8 --max-connections 16000"
      + " --max-connection-age 3600 --allow-origin * --allow-origin https://Example.org:8443"
      + " --relay-ip 192.0.2.8 --relay-ip 2001:db8::8 --port-range 50000-50099"
      + " --allow-peer 10.0.0.0/8 --deny-peer 192.0.2.0/24 --user-quota 3 --total-quota 100"
      + " --relay-policy always --allocation-bandwidth 250k --user-bandwidth 2M"
      + " --turn-url turn:t.example.org --realm r --user a:b:c --user d:e --secret s --secret t"
      + " --threads 3 --pin 0-1,5 --admin unix:/run/p.sock --log-level debug --log-private"
      + " --legacy-channels"
      + " --no-tcp-relay --default-family keep --default-lifetime 700 --max-permissions 5"
      + " --max-lifetime 7200 --max-channels 6 --port-rest 7 --alternate-server 192.0.2.8:3478"
      + " --alternate-server [2001:db8::8]:5349=two.example.org --mobility --rest-separator -"
      + " --strict-expiry --unauthenticated-rate 7 --oauth-key k:MDEyMzQ1Njc4OTAxMjM0NQ==:A128GCM"
      + " --server-name turn.example.org --external-ip 203.0.113.8/192.0.2.8 --cert c.pem"
      + " --key k.pem --redis-userdb ip=192.0.2.9 --redis-refresh 9 --proxy-from 10.0.0.0/8"
      + " --max-half-open 9 --join-secret 0123456789abcdef0123456789abcdef"
      + " --api-key 0123456789abcdef --trust-forwarded 10.1.0.0/16 --trust-forwarded fd01::/16"
      + " --forwarded-header forwarded --message-rate 70"
    let others = ["dev", "config", "turnserver-conf", "help", "version", "tenants"]
    for option in ServerConfiguration.table(for: .parleyd).options
    where !others.contains(option.name) {
      #expect(line.contains(option.flag), "untested: \(option.flag)")
    }
    let settings = try Start(.parleyd, line).settings()
    #expect(settings.listeners.map(\.address.text) == ["192.0.2.7:1", "[2001:db8::7]:2"])
    #expect(settings.certificate == .init(chain: "c.pem", key: "k.pem"))
    #expect(settings.http?.text == "[::1]:80")
    #expect(settings.proxies.map(\.text) == ["10.0.0.0/8"] && settings.halfOpenMax == 9)
    #expect(settings.maxPeersPerRoom == 8 && settings.maxConnections == 16_000)
    #expect(settings.trustedForwarders.map(\.text) == ["10.1.0.0/16", "fd01::/16"])
    #expect(settings.allowedOrigins == ["*", "https://example.org:8443"])
    #expect(settings.relayAddresses.map(\.text) == ["192.0.2.8", "2001:db8::8"])
    #expect(settings.redisUsers?.host == "192.0.2.9")
    #expect(settings.redisUsers?.refresh == .seconds(9))
    #expect(settings.externalAddresses.map(\.outside.text) == ["203.0.113.8"])
    #expect(settings.externalAddresses.map(\.inside.text) == ["192.0.2.8"])
    #expect(settings.portRange.text == "50000-50099")
    #expect(settings.allowedPeers.map(\.text) == ["10.0.0.0/8"])
    #expect(settings.deniedPeers.map(\.text) == ["192.0.2.0/24"])
    #expect(settings.userQuota == 3 && settings.totalQuota == 100 && settings.messageRate == 70)
    #expect(settings.allocationBandwidth == 250_000 && settings.userBandwidth == 2_000_000)
    #expect(!settings.relaysTCP && settings.relayPolicy == .always)
    #expect(settings.turnURLs == ["turn:t.example.org"])
    #expect(settings.realm == "r")
    #expect(settings.users.map(\.name) == ["a", "d"])
    #expect(settings.users.map(\.passwords) == [["b:c"], ["e"]])
    #expect(settings.secrets.map(\.text) == ["s", "t"])
    #expect(settings.threads == 3 && settings.processors == [0, 1, 5])
    #expect(settings.admin == .unix(path: "/run/p.sock"))
    #expect(settings.logLevel == .debug)
    #expect(settings.logsPrivateValues)
    #expect(settings.hasLegacyChannels)
    #expect(settings.authorizationKeys.map(\.id) == ["k"])
    #expect(settings.authorizationKeys.map(\.bytes) == [Array("0123456789012345".utf8)])
    #expect(settings.authorizationKeys.map(\.algorithm) == [.a128GCM])
    #expect(settings.serverName == "turn.example.org")
    let allocations = settings.allocations
    #expect(allocations.defaultFamily == .keep && allocations.areMobile)
    #expect(allocations.lifetimeDefaultSeconds == 700 && allocations.lifetimeMaxSeconds == 7_200)
    #expect(allocations.permissionsMax == 5 && allocations.channelsMax == 6)
    #expect(allocations.portRestSeconds == 7)
    #expect(allocations.alternates.map(\.address.text) == ["192.0.2.8:3478", "[2001:db8::8]:5349"])
    #expect(allocations.alternates.map(\.domain) == [nil, "two.example.org"])
    #expect(settings.restSeparator == "-")
    #expect(settings.hasStrictExpiry && settings.unauthenticatedRate == 7)
    #expect(settings.drainDeadline == .seconds(60) && settings.stopGrace == .seconds(7))
    #expect(settings.tenants.map(\.keys.count) == [1])
  }

  @Test func `A server drains for an hour and stops in seconds, and in development at once`() throws
  {
    let settings = try Start(.turnd, enough).settings()
    #expect(settings.drainDeadline == .seconds(3_600))
    #expect(settings.stopGrace == .seconds(5))
    #expect(try Start(.turnd, "--dev").settings().stopGrace == .zero)
    #expect(Start(.turnd, enough + "--stop-grace 1h").refusal().contains("from 0 to 604800"))
  }

  @Test func `A flag wins over a variable, that over the file, that over the default`() throws {
    let file = "{ realm: 'file', \"log-level\": 'debug', threads: 7, 'deny-peer': '192.0.2.1' }"
    let environment = ["PARLEY_REALM": "variable", "PARLEY_LOG_LEVEL": "error"]
    let all = try Start(
      .turnd, enough + "--realm flag", environment: environment, file: file
    ).settings()
    #expect(all.realm == "flag")
    #expect(all.logLevel == .error)
    #expect(all.threads == 7)
    #expect(all.deniedPeers.map(\.text) == ["192.0.2.1/32"])
    #expect(all.totalQuota == 16_384)
    let fewer = try Start(.turnd, enough, environment: environment, file: file).settings()
    #expect(fewer.realm == "variable")
  }

  @Test func `Lists of two sources are not mixed`() throws {
    let settings = try Start(
      .turnd, enough + "--listen udp:192.0.2.7:1",
      environment: ["PARLEY_LISTEN": "udp:192.0.2.7:2", "PARLEY_DENY_PEER": "192.0.2.1"],
      file: "{ listen: ['udp:192.0.2.7:3'], 'deny-peer': ['192.0.2.2'] }"
    ).settings()
    #expect(settings.listeners.map(\.address.port) == [1])
    #expect(settings.deniedPeers.map(\.text) == ["192.0.2.1/32"])
  }

  @Test func `Variables separate values by commas or spaces`() throws {
    let settings = try Start(
      environment: [
        "PARLEY_LISTEN": "udp:192.0.2.7:1, udp:192.0.2.7:2\tudp:192.0.2.7:3",
        "PARLEY_USER": "a:b,c:d", "PARLEY_DEV": "no", "PARLEY_REALM": "",
        "PARLEY_SERVICE_HOST": "10.0.0.1", "PARLEY_HTTP": "not for turnd",
      ]
    ).settings()
    #expect(settings.listeners.map(\.address.port) == [1, 2, 3])
    #expect(settings.users.map(\.name) == ["a", "c"])
    #expect(settings.realm == "parley")
    #expect(!settings.isDevelopment)
  }

  @Test func `The file may be named by a variable, and is JSON5`() throws {
    var start = Start(environment: ["PARLEY_CONFIG": "/p"])
    start.files["/p"] = """
      {
        // Comments and trailing commas are fine.
        listen: ['udp:192.0.2.7:3478', "udp:[2001:db8::7]:3478",],
        "port-range": "50000-50010", secret: 'hush', threads: 2, dev: false,
      }
      """
    let settings = try start.settings()
    #expect(settings.listeners.count == 2)
    #expect(settings.relayAddresses.map(\.text) == ["192.0.2.7", "2001:db8::7"])
    #expect(settings.portRange.count == 11)
    #expect(settings.secrets == [Secret("hush")])
  }

  @Test func `Development needs nothing and stays on this machine`() throws {
    let settings = try Start(.parleyd, "--dev").settings()
    #expect(settings.isDevelopment)
    #expect(settings.http?.text == "127.0.0.1:8080")
    #expect(settings.listeners.map(\.address.text) == ["127.0.0.1:3478"])
    #expect(settings.relayAddresses == [.loopbackV4])
    #expect(settings.allowedPeers.map(\.text) == ["127.0.0.0/8", "::1/128"])
    #expect(settings.needsOwnSecret)
    #expect(settings.stunURLs == ["stun:127.0.0.1:3478"])
    #expect(settings.turnURLs == ["turn:127.0.0.1:3478?transport=udp"])
  }

  @Test func `Development can be bent by other options`() throws {
    let settings = try Start(
      .parleyd, "--listen udp:0.0.0.0:9 --http 0.0.0.0:80 --allow-peer 10.0.0.0/8 --dev"
    ).settings()
    #expect(settings.listeners.map(\.address.text) == ["0.0.0.0:9"])
    #expect(settings.http?.text == "0.0.0.0:80")
    #expect(settings.relayAddresses == [.loopbackV4])
    #expect(settings.allowedPeers.count == 3)
    for value in ["true", "1", "yes"] {
      let other = try Start(.turnd, environment: ["PARLEY_DEV": value]).settings()
      #expect(other.listeners.map(\.address.text) == ["127.0.0.1:3478"])
    }
    #expect(try Start(.turnd, file: "{ dev: true }").settings().isDevelopment)
  }

  @Test("Trap 40: without credentials nothing that relays starts")
  func open() {
    for program in [Program.parleyd, .turnd] {
      let message = Start(program, "--relay-ip 192.0.2.7").refusal()
      #expect(message.contains("--secret SECRET"))
      #expect(message.contains("--user NAME:PASSWORD"))
      #expect(message.contains("--dev"))
    }
  }

  @Test func `Without a relay address nothing that relays starts`() throws {
    for program in [Program.parleyd, .turnd] {
      #expect(Start(program, "--secret s").refusal().contains("--relay-ip ADDRESS"))
      let named = try Start(program, "--secret s --listen udp:192.0.2.7:3478").settings()
      #expect(named.relayAddresses.map(\.text) == ["192.0.2.7"])
    }
    let onDemand = try Start(
      .parleyd, "--secret s --relay-ip 192.0.2.7 --relay-policy on-demand"
    ).settings()
    #expect(onDemand.relayPolicy == .onDemand)
    #expect(!onDemand.turnURLs.isEmpty)
    let never = try Start(.parleyd, "--relay-policy never").settings()
    #expect(never.relayAddresses == [])
    #expect(never.turnURLs == [])
    #expect(!never.needsOwnSecret)
  }

  @Test func `stund pairs an alternate address with the listener of its family`() throws {
    let settings = try Start(
      .stund,
      "--listen udp:192.0.2.1:3478 --listen udp:[2001:db8::1]:3478"
        + " --nat-discovery [2001:db8::2]:3480 --nat-discovery 192.0.2.2:3479"
    ).settings()
    #expect(
      settings.natDiscoveries.map { [$0.primary.text, $0.alternate.text] } == [
        ["[2001:db8::1]:3478", "[2001:db8::2]:3480"], ["192.0.2.1:3478", "192.0.2.2:3479"],
      ])
    #expect(try Start(.stund).settings().natDiscoveries.isEmpty)
  }

  @Test(arguments: [
    ("--nat-discovery 192.0.2.2:3479", "with an address of this host, not 0.0.0.0"),
    ("--listen udp:192.0.2.1:0 --nat-discovery 192.0.2.2:3479", "give --listen udp:HOST:PORT"),
    ("--listen udp:192.0.2.1:3478 --nat-discovery 192.0.2.1:3479", "has to differ from 192.0.2.1"),
    ("--listen udp:192.0.2.1:3478 --nat-discovery 192.0.2.2:3478", "has to differ from 192.0.2.1"),
    ("--listen udp:192.0.2.1:3478 --nat-discovery 0.0.0.0:3479", "has to differ from 192.0.2.1"),
    ("--nat-discovery [::2]:3479", "with an address of this host, not [::]"),
    (
      "--listen udp:1.1.1.1:1 --nat-discovery 2.2.2.2:2 --nat-discovery 3.3.3.3:3",
      "--nat-discovery: only one IPv4 address"
    ),
    ("--nat-discovery example.org", "is not HOST:PORT with an IP address"),
  ])
  func `stund refuses a discovery that could not answer rightly`(line: String, message: String) {
    #expect(Start(.stund, line).refusal().contains(message))
  }

  @Test func `stund takes what STUN needs and nothing else`() throws {
    let settings = try Start(
      .stund, "--listen udp:[::]:3478 --threads 2 --log-level warning"
    ).settings()
    #expect(settings.listeners.map(\.address.text) == ["[::]:3478"])
    #expect(try Start(.stund).settings().relayAddresses == [])
    let refusal = Start(.stund, "--realm r").refusal()
    #expect(refusal == "--realm is an option of parleyd and turnd, not of stund")
    #expect(Start(.turnd, "--http 0.0.0.0:80").refusal().contains("of parleyd, not of turnd"))
    #expect(Start(.stund, file: "{ user: 'a:b' }").refusal().contains("not of stund"))
  }

  @Test(arguments: [
    ("--listen udp:1.2.3.4:5 --listen udp:1.2.3.4:5", "--listen: udp:1.2.3.4:5 is given twice"),
    ("--listen tls:1.2.3.4:5", "--listen tls:1.2.3.4:5: give --cert and --key"),
    ("--listen tcp:1.2.3.4:5 --listen tcp:1.2.3.4:5", "--listen: tcp:1.2.3.4:5 is given twice"),
    ("--relay-ip 192.0.2.8", "--relay-ip: 192.0.2.7 and 192.0.2.8, but only one IPv4 address"),
    ("--server-name n", "--server-name says what tokens are for: give --oauth-key too"),
    (
      "--oauth-key k:MDEyMzQ1Njc4OTAxMjM0NQ==:A128GCM"
        + " --oauth-key k:MDEyMzQ1Njc4OTAxMjM0NQ==:A128GCM",
      "--oauth-key: the key \"k\" is given twice"
    ),
    ("--user ann:other", "--user: the name \"ann\" is given twice"),
    ("--allow-peer 10.0.0.0/8 --deny-peer 10.0.0.0/8", "both name 10.0.0.0/8"),
  ])
  func `What does not fit together is refused`(line: String, message: String) {
    #expect(Start(.turnd, enough + line).refusal().contains(message))
  }

  @Test func `An empty list in the file is no listener`() {
    #expect(Start(.turnd, enough, file: "{ listen: [] }").refusal().contains("--listen is empty"))
  }

  @Test func `Port 0 may stand twice`() throws {
    let line = "--listen udp:127.0.0.1:0 --listen udp:127.0.0.1:0"
    #expect(try Start(.stund, line).settings().listeners.count == 2)
  }

  @Test func `Clients are told addresses they can reach`() throws {
    let wildcards = try Start(
      .parleyd, enough + "--listen udp:0.0.0.0:1 --listen udp:[::]:2 --listen udp:192.0.2.9:3"
    ).settings()
    #expect(wildcards.stunURLs == ["stun:192.0.2.7:1", "stun:192.0.2.9:3"])
    let given = try Start(
      .parleyd,
      enough + "--turn-url turn:t.example.org?transport=udp --turn-url turns:t.example.org:443"
    ).settings()
    #expect(given.stunURLs == ["stun:t.example.org"])
    #expect(given.turnURLs.count == 2)
    let streams = try Start(
      .parleyd, enough + "--listen udp:0.0.0.0:3478 --listen tcp:0.0.0.0:3478"
    ).settings()
    #expect(streams.stunURLs == ["stun:192.0.2.7:3478"])
    #expect(
      streams.turnURLs == [
        "turn:192.0.2.7:3478?transport=udp", "turn:192.0.2.7:3478?transport=tcp",
      ])
    let sealed = try Start(
      .parleyd,
      enough + "--listen udp:0.0.0.0:3478 --listen dtls:0.0.0.0:3478 --cert c.pem --key k.pem"
    ).settings()
    #expect(sealed.listeners.map(\.transport) == [.udp, .dtls])
    #expect(
      sealed.turnURLs == [
        "turn:192.0.2.7:3478?transport=udp", "turns:192.0.2.7:8080?transport=tcp",
      ])
    let secure = try Start(
      .parleyd,
      enough + "--listen tls:0.0.0.0:5349 --http 0.0.0.0:443 --cert c.pem --key k.pem"
    ).settings()
    #expect(secure.stunURLs == [])
    #expect(
      secure.turnURLs == [
        "turns:192.0.2.7:5349?transport=tcp", "turns:192.0.2.7:443?transport=tcp",
      ])
    let both = try Start(
      .parleyd, enough + "--turn-url turn:a --turn-url stun:b --relay-policy never"
    ).settings()
    #expect(both.stunURLs == ["stun:b"])
    #expect(both.turnURLs == [])
  }

  @Test func `Whose word on a client's address counts can be said, and where they say it`() throws {
    let plain = try Start(.parleyd, enough).settings()
    #expect(plain.trustedForwarders == [] && plain.forwardedHeader == .xForwardedFor)
    let line = "--trust-forwarded 192.0.2.1 --forwarded-header forwarded"
    let given = try Start(.parleyd, enough + line).settings()
    #expect(given.trustedForwarders.map(\.text) == ["192.0.2.1/32"])
    #expect(given.forwardedHeader == .forwarded)
  }

  @Test func `Who may speak for others, and how many may be half-open, can be said`() throws {
    let plain = try Start(.stund, "").settings()
    #expect(plain.proxies == [] && plain.halfOpenMax == 4_096)
    let given = try Start(
      .turnd, enough + "--proxy-from 10.0.0.0/8 --proxy-from fd00::/8 --max-half-open 9"
    ).settings()
    #expect(given.proxies.map(\.text) == ["10.0.0.0/8", "fd00::/8"] && given.halfOpenMax == 9)
  }

  @Test func `Secrets are not printed with the settings`() throws {
    let settings = try Start(
      .turnd, "--dev --user ann:hush1 --secret hush2 --oauth-key k:hush3++hush3++hush3++A==:A128GCM"
    ).settings()
    var dumped = ""
    dump(settings, to: &dumped)
    for text in ["\(settings)", String(reflecting: settings), dumped] {
      #expect(!text.contains("hush"))
    }
  }
}
