// Every mistake ends in one line that names the place, the value and what would be right.

import Testing

@testable import Configuration

@Suite("Mistakes in a configuration")
struct RefusalTests {
  @Test(arguments: [
    ("--relay-up 1.2.3.4", "--relay-up is no option; did you mean --relay-ip?"),
    ("--lisen=udp:1.2.3.4:5", "--lisen is no option; did you mean --listen?"),
    ("--port 1-2", "--port is no option; did you mean --port-range?"),
    ("-realm x", "-realm is no option; did you mean --realm?"),
    ("--REALM x", "--REALM is no option; did you mean --realm?"),
    ("--xyzzy", "--xyzzy is no option; turnd --help lists them"),
    ("extra", "\"extra\" is no option: each begins with --, --help lists them"),
    ("-- --dev", "\"--dev\" is no option: each begins with --, --help lists them"),
    ("--realm", "--realm needs a value: --realm NAME (--realm=… when it begins with --)"),
    ("--realm --dev", "--realm needs a value: --realm NAME (--realm=… when it begins with --)"),
    ("--realm a --realm b", "--realm is given twice; once is enough"),
    ("--dev --dev", "--dev is given twice; once is enough"),
    ("--dev=maybe", "--dev: \"maybe\" is not true or false"),
    ("--realm=", "--realm: \"\" is not a realm: 1 to 127 characters without quotes or controls"),
    ("--threads zero", "--threads: \"zero\" is not a number from 1 to 256 or auto"),
    ("--threads 0", "--threads: \"0\" is not a number from 1 to 256 or auto"),
    ("--pin 0,", "--pin: \"0,\" is not a list of processors, such as 0-3,6"),
    ("--pin 3-1", "is not a list of processors"),
    ("--pin 0-1-2", "is not a list of processors"),
    ("--pin 1024", "is not a list of processors"),
    ("--pin 0-3,2", "--pin: \"0-3,2\" names a processor twice"),
    ("--pin 0-256", "--pin: \"0-256\" names more than 256 processors"),
    ("--pin 0-1 --threads 3", "--threads: 3, but --pin names 2; leave --threads out"),
    ("--threads -1", "--threads: \"-1\" is not a number from 1 to 256 or auto"),
    ("--threads 99999999999999999999", "is not a number from 1 to 256 or auto"),
    ("--listen 127.0.0.1:3478", "\"127.0.0.1:3478\" is not udp|tcp|tls|dtls:HOST:PORT"),
    ("--listen sctp:127.0.0.1:3478", "is not udp|tcp|tls|dtls:HOST:PORT"),
    ("--listen tcp:localhost:3478", "is not udp|tcp|tls|dtls:HOST:PORT"),
    (
      "--listen udp:localhost:3478",
      "udp|tcp|tls|dtls:HOST:PORT with an IP address, such as udp:0"
    ),
    ("--listen dtls:192.0.2.7:5349", "--listen dtls:192.0.2.7:5349: give --cert and --key"),
    ("--cert c.pem", "--cert without --key: give its private key too"),
    ("--key k.pem", "--key without --cert: give the certificate too"),
    ("--cert=", "--cert: \"\" is not a text of 1 to 4095 bytes"),
    ("--listen udp:127.0.0.1", "is not udp|tcp|tls|dtls:HOST:PORT"),
    ("--listen udp:127.0.0.1:65536", "is not udp|tcp|tls|dtls:HOST:PORT"),
    ("--listen udp:::1:3478", "is not udp|tcp|tls|dtls:HOST:PORT"),
    ("--relay-ip 1.2.3", "--relay-ip: \"1.2.3\" is not an IP address"),
    (
      String(repeating: "--secret s ", count: 9) + "--relay-ip 192.0.2.7",
      "--secret: 9 given, at most 8 are accepted at a time"
    ),
    ("--redis-userdb localhost", "--redis-userdb: the value (not shown) is not KEY=VALUE"),
    ("--redis-userdb ip=::1,port=9", "--redis-userdb: the value (not shown)"),
    ("--redis-userdb tls=true", "has the key \"tls\"; known are ip, port, dbname, user, password"),
    ("--redis-userdb port=0", "is not a number from 1 to 65535"),
    ("--redis-refresh 0", "is not a number from 1 to 86400"),
    ("--external-ip x", "--external-ip: \"x\" is not PUBLIC or PUBLIC/ADDRESS"),
    ("--external-ip 1.1.1.1/::1", "is not PUBLIC or PUBLIC/ADDRESS"),
    (
      enough + "--external-ip 203.0.113.7/10.0.0.7",
      "--external-ip 203.0.113.7: give --relay-ip 10.0.0.7"
    ),
    (
      enough + "--external-ip 2001:db8::7",
      "--external-ip 2001:db8::7: give --relay-ip an address of its family"
    ),
    (
      enough + "--external-ip 203.0.113.7 --external-ip 203.0.113.8",
      "--external-ip: two for 192.0.2.7"
    ),
    ("--relay-ip 0.0.0.0", "is not one address of this host"),
    ("--relay-ip 224.0.0.1", "is not one address of this host"),
    ("--relay-ip ff02::1", "is not one address of this host"),
    (
      "--allow-peer 10.1.2.3/8",
      "has bits set behind the prefix; the block it lies in is 10.0.0.0/8"
    ),
    ("--deny-peer fd12::1/16", "the block it lies in is fd12::/16"),
    ("--deny-peer 10.0.0.0/33", "--deny-peer: \"10.0.0.0/33\" is not a block of addresses"),
    ("--deny-peer 10.0.0.0/", "is not a block of addresses"),
    ("--deny-peer example.org", "is not a block of addresses"),
    ("--port-range 9-1", "--port-range: \"9-1\" is not A-B with 1 ≤ A ≤ B ≤ 65535"),
    ("--port-range 50000", "is not A-B"),
    ("--port-range 0-9", "is not A-B"),
    ("--admin 9090", "--admin: \"9090\" is not HOST:PORT or unix:PATH"),
    ("--admin unix:", "is not unix:PATH with a path of 1 to 107 bytes"),
    ("--log-level loud", "--log-level: \"loud\" is not one of error, warning, info, debug"),
    ("--user-quota x", "--user-quota: \"x\" is not a number from 0 to 65535"),
    ("--user-bandwidth 1G", "\"1G\" is not a number of bytes per second, such as 125000"),
    ("--user-bandwidth k", "is not a number of bytes per second"),
    ("--allocation-bandwidth -1", "is not a number of bytes per second"),
    ("--allocation-bandwidth 1000001M", "is not a number of bytes per second"),
    ("--total-quota 0", "is not a number from 1 to"),
    ("--default-family ipv5", "is not one of ipv4, ipv6, keep"),
    ("--max-lifetime 59", "is not a number from 60 to 86400"),
    (
      "--user a:b --relay-ip 192.0.2.7 --max-lifetime 300",
      "--default-lifetime: 600 is more than --max-lifetime, 300"
    ),
    ("--max-permissions 0", "is not a number from 1 to 65535"),
    ("--max-channels 16385", "is not a number from 1 to 16384"),
    ("--port-rest -1", "is not a number from 0 to 86400"),
    ("--alternate-server example.org:3478", "is not ADDRESS:PORT or ADDRESS:PORT=NAME"),
    ("--alternate-server 192.0.2.8:0", "is not ADDRESS:PORT"),
    ("--alternate-server 192.0.2.8:1=", "is not ADDRESS:PORT=NAME with the name of a host"),
    ("--user ann", "is not NAME:PASSWORD or NAME:0xKEY"),
    ("--user ann:0x12", "has a key that is neither 32 (MD5) nor 64 (SHA-256) hexadecimal digits"),
    (
      "--rest-separator 1", "--rest-separator: \"1\" is not one character of ASCII that is no digit"
    ),
    ("--rest-separator ::", "is not one character of ASCII that is no digit"),
    ("--unauthenticated-rate -1", "is not a number from 0 to 1000000"),
    ("--config /nowhere", "--config: \"/nowhere\" can not be read"),
  ])
  func `A mistake on the command line`(line: String, message: String) {
    let refusal = Start(.turnd, line).refusal()
    #expect(refusal.contains(message))
  }

  @Test(arguments: [
    ("--max-connection-age 59", "is not a number from 60 to 604800 or 0"),
    ("--relay-policy sometimes", "is not one of always, fallback, on-demand, never"),
    ("--max-connections 0", "is not a number from 1 to 1000000 or auto"),
    ("--forwarded-header via", "is not one of x-forwarded-for, forwarded"),
    ("--trust-forwarded 10.0.0.1/8", "the block it lies in is 10.0.0.0/8"),
    ("--max-peers 1", "is not a number from 2 to 1000"),
    ("--message-rate 0", "is not a number from 1 to 1000000"),
    ("--allow-origin https://example.org/", "is not an origin, such as https://example.org"),
    ("--allow-origin example.org", "is not an origin"),
    ("--turn-url relay.example.org", "is not a URL such as turn:relay.example.org:3478"),
    ("--turn-url turn:", "is not a URL"),
    ("--turn-url turn:a?transport=sctp", "is not a URL"),
    ("--turn-url http://a", "is not a URL"),
    ("--http 8080", "--http: \"8080\" is not HOST:PORT with an IP address"),
  ])
  func `A mistake in what parleyd alone takes`(line: String, message: String) {
    #expect(Start(.parleyd, line).refusal().contains(message))
  }

  @Test func `A mistake in a variable names the variable`() {
    let start = Start(environment: ["PARLEY_PORT_RANGE": "9-1"])
    #expect(start.refusal().hasPrefix("PARLEY_PORT_RANGE: \"9-1\" is not A-B"))
    let list = Start(environment: ["PARLEY_LISTEN": "udp:1.2.3.4:5,udp:x"])
    #expect(list.refusal().hasPrefix("PARLEY_LISTEN: \"udp:x\" is not udp|tcp|tls|dtls:HOST:PORT"))
    let toggle = Start(environment: ["PARLEY_DEV": "perhaps"])
    #expect(toggle.refusal() == "PARLEY_DEV: \"perhaps\" is not true or false")
  }

  @Test(arguments: [
    (
      "{ threads: 'zero' }", "\"/etc/p.json5\": \"threads\": \"zero\" is not a number from 1 to 256"
    ),
    ("{ threads: 2.5 }", "\"2.5\" is not a number"),
    ("{ threads: [1] }", "\"/etc/p.json5\": \"threads\": not a text or a number"),
    ("{ threads: null }", "\"threads\": not a text or a number"),
    ("{ listen: {} }", "\"listen\": not a text or a list of texts"),
    ("{ listen: ['udp:1.2.3.4:5', []] }", "\"listen\": the list holds something else than text"),
    ("{ dev: 'yes' }", "\"dev\": not true or false"),
    ("{ relm: 'x' }", "\"/etc/p.json5\": \"relm\" is no option; did you mean \"realm\"?"),
    ("{ '--realm': 'x' }", "\"--realm\" is no option; did you mean \"realm\"?"),
    ("{ config: 'x' }", "\"config\" is no option"),
    ("{ help: true }", "\"help\" is no option"),
    ("{\n  realm: 'x'\n  threads: 2\n}", "\"/etc/p.json5\", line 3: a comma or } expected"),
    ("{\n  realm: 'x,\n}", "line 2: a text without its closing quote"),
    ("{ realm 'x' }", "line 1: a colon behind the key expected"),
    ("{\n/*\n*/ realm: // r\n'a',\n'realm': 'b' }", "line 5: the key \"realm\" is there twice"),
    ("{ listen: ['a' 'b'] }", "line 1: a comma or ] expected"),
    ("{} {}", "line 1: the end of the file expected"),
    ("{ : 1 }", "line 1: a key expected"),
    ("{ realm: }", "line 1: a value expected"),
    ("", "line 1: a value expected"),
    ("{\n", "line 2: a key expected"),
    ("{ realm: tru }", "\"/etc/p.json5\": not valid JSON5"),
    ("[1]", "not one JSON5 object"),
    ("'x'", "not one JSON5 object"),
  ])
  func `A mistake in the file names file and key`(file: String, message: String) {
    #expect(Start(.turnd, file: file).refusal().contains(message))
  }

  @Test(arguments: [
    "--user hush", "--user=hush", "--user :hush", "--user ann:hush\u{7}",
    "--secret= --user ann:hush",
    "--usr=ann:hush", "--user ann hush", "--secret \u{1}hush", "--dev --secret a hush",
    "--user ann:hush --user ann:hush", "--realm r --realm r --user ann:hush",
  ])
  func `No message shows a secret`(line: String) {
    #expect(!Start(.turnd, line).refusal().contains("hush"))
  }

  @Test func `No message shows a secret of a variable or of the file`() {
    #expect(!Start(environment: ["PARLEY_USER": "hush"]).refusal().contains("hush"))
    for file in [
      "{ user: 'hush' }", "{ user: ['hush'] }", "{ user: { ann: 'hush' } }", "{ secret: 'hush }",
      "{ user: ['ann:hush' 'hush'] }", "{ secret: 'hush', 'hush }", "{ secret: ['', 'hush'] }",
      "secret=hush", "{ secret: hush }", "{ secret: '\\uhush' }",
    ] {
      #expect(!Start(file: file).refusal().contains("hush"), "\(file)")
    }
  }

  @Test func `A value can not make a second line or paint the terminal`() {
    var start = Start()
    start.arguments = ["--realm=a\n\u{1B}[31mb"]
    #expect(start.refusal().hasPrefix("--realm: \"a\\u{a}\\u{1b}[31mb\" is not a realm"))
    start.arguments = ["--a\nb"]
    #expect(start.refusal().hasPrefix("--a\\u{a}b is no option"))
    start.arguments = ["--threads", String(repeating: "9", count: 5000)]
    #expect(start.refusal().contains("9…\" is not a number"))
  }

  @Test func `No file of four characters does harm`() {
    let alphabet = Array("{}[],:'\"\\/*\na".utf8)
    func visit(_ bytes: [UInt8]) {
      _ = JSON5Outline.problem(in: bytes)
      if bytes.count < 4 {
        for byte in alphabet { visit(bytes + [byte]) }
      }
    }
    visit([])
    let deep = Array(String(repeating: "[", count: 100_000).utf8)
    #expect(JSON5Outline.problem(in: deep)?.message == "nested too deep")
  }

  @Test func `A large file is refused`() {
    let file = "{ realm: '" + String(repeating: "a", count: 1 << 20) + "' }"
    #expect(Start(file: file).refusal().contains("is larger than 1048576 bytes"))
  }
}
