// What each key of a turnserver.conf is here.

/// What becomes of a key.
enum TurnserverMeaning: Equatable {
  /// The value of this option, as it is.
  case option(String)
  /// This option, when it is on.
  case toggle(String)
  /// Read together with others in ``TurnserverTranslation``.
  case part
  /// So it is here, always.
  case always
  /// Nothing is made of it, for this reason.
  case unserved(String)
  /// The server must not start as if this had not been asked for.
  case refused(String)
}

enum TurnserverKeys {
  static let all = served.merging(ignored) { first, _ in first }
    .merging(unserved) { first, _ in first }

  private static let served: [String: TurnserverMeaning] = [
    "listening-ip": .part, "listening-port": .part, "tls-listening-port": .part,
    "no-udp": .part, "no-tcp": .part, "no-tls": .part, "no-dtls": .part, "dtls": .part,
    "relay-ip": .option("relay-ip"), "external-ip": .option("external-ip"),
    "keep-address-family": .part, "min-port": .part, "max-port": .part,
    "realm": .option("realm"), "user": .option("user"),
    "static-auth-secret": .option("secret"), "redis-userdb": .option("redis-userdb"),
    "rest-api-separator": .part,
    "allowed-peer-ip": .part, "denied-peer-ip": .part, "allow-loopback-peers": .part,
    "no-tcp-relay": .toggle("no-tcp-relay"),
    "user-quota": .option("user-quota"), "total-quota": .part,
    "relay-threads": .part, "verbose": .part, "Verbose": .part,
    "unauthorized-ratelimit-rps": .option("unauthenticated-rate"),
    "rfc5766-channel-numbers": .toggle("legacy-channels"),
    "max-bps": .option("allocation-bandwidth"),
    "max-allocate-lifetime": .option("max-lifetime"),
    "mobility": .toggle("mobility"),
    "alternate-server": .option("alternate-server"),
    "allocation-default-address-family": .option("default-family"),
    "cert": .option("cert"),
    "pkey": .option("key"),
    "stun-only": .refused("run stund, which answers STUN alone"),
    "no-auth": .refused("who relays for everybody is abused: give user or static-auth-secret"),
    "server-relay": .refused("who relays for everybody is abused: give user or static-auth-secret"),
  ]

  /// What is so here whether it is asked for or not.
  private static let ignored: [String: TurnserverMeaning] = Dictionary(
    uniqueKeysWithValues: [
      "fingerprint", "lt-cred-mech", "use-auth-secret", "no-multicast-peers", "no-loopback-peers",
      "no-software-attribute", "stateless-nonce", "no-rfc5780", "no-stun-backward-compatibility",
      "response-origin-only-with-rfc5780", "no-cli", "no-tlsv1", "no-tlsv1_1", "no-sslv2",
      "no-sslv3", "no-dynamic-realms", "no-auth-pings", "no-dynamic-ip-list", "no-stdout-log",
      "simple-log", "new-log-timestamp", "udp-recvmmsg", "udp-self-balance",
      "unauthorized-ratelimit", "ne",
    ].map { ($0, .always) })

  private static let log = "events go to standard error, for systemd or a container to keep"
  private static let cli = "ask a running server by parleyctl; see --admin"
  private static let database = "use redis-userdb, user or static-auth-secret"
  private static let service = "a matter of the systemd unit"
  private static let lifetime = "RFC 8656 fixes it"
  private static let old = "kept for clients that are gone"
  private static let tls = "the defaults of OpenSSL hold, from TLS 1.2 on"

  private static let unserved: [String: TurnserverMeaning] = [
    "stale-nonce": .unserved("a nonce lasts 600 s"),
    "drain-min-allocations": .unserved("a server that drains ends with its last allocation"),
    "tcp-proxy-port": .unserved(
      "name the balancers by --proxy-from; the port is that of a listener"),
    "listening-device": .unserved("name addresses by listening-ip"),
    "relay-device": .unserved("name addresses by relay-ip"),
    "alt-listening-port": .unserved("stund discovers NAT behaviour; see --nat-discovery"),
    "alt-tls-listening-port": .unserved("stund discovers NAT behaviour; see --nat-discovery"),
    "rfc5780": .unserved("stund discovers NAT behaviour; see --nat-discovery"),
    "aux-server": .unserved("give --listen more than once"),
    "sock-buf-size": .unserved("the system's sizes hold"),
    "channel-lifetime": .unserved(lifetime), "permission-lifetime": .unserved(lifetime),
    "userdb": .unserved(database), "db": .unserved(database), "psql-userdb": .unserved(database),
    "sql-userdb": .unserved(database), "mysql-userdb": .unserved(database),
    "mongo-userdb": .unserved(database),
    "redis-statsdb": .unserved("usage is asked for at the admin endpoint"),
    "secret-key-file": .unserved(database),
    "server-name": .unserved("it names this server in tokens: give --server-name with --oauth-key"),
    "oauth": .unserved("give the keys by --oauth-key"),
    "check-origin-consistency": .unserved("ORIGIN is not looked at; there is one realm"),
    "bps-capacity": .unserved("there is no limit for all users together"),
    "prometheus": .unserved("the admin endpoint answers in JSON"),
    "prometheus-port": .unserved("the admin endpoint answers in JSON"),
    "prometheus-username-labels": .unserved("the admin endpoint answers in JSON"),
    "log-file": .unserved(log), "syslog": .unserved(log), "syslog-facility": .unserved(log),
    "log-binding": .unserved(log), "log-min-level": .unserved("see --log-level"),
    "daemon": .unserved(service), "pidfile": .unserved(service), "proc-user": .unserved(service),
    "proc-group": .unserved(service), "cpus": .unserved("see --threads and --pin"),
    "cli": .unserved(cli), "cli-ip": .unserved(cli), "cli-port": .unserved(cli),
    "cli-password": .unserved(cli), "cli-max-output-sessions": .unserved(cli),
    "web-admin": .unserved(cli), "web-admin-ip": .unserved(cli), "web-admin-port": .unserved(cli),
    "web-admin-listen-on-workers": .unserved(cli),
    "no-udp-relay": .unserved("relays carry UDP"),
    "no-stun": .unserved("STUN is answered wherever TURN is"),
    "secure-stun": .unserved("Binding needs no credentials"),
    "max-allocate-timeout": .unserved("nothing is kept for who has not allocated"),
    "tls-alternate-server": .unserved("one alternate server for all transports"),
    "stun-backward-compatibility": .unserved(old), "rfc3489-compatibility": .unserved(old),
    "software-attribute": .unserved("answers are kept short"),
    "acme-redirect": .unserved("no HTTP is answered on relay ports"),
    "stateless-nonce-secret": .unserved("each process makes its own"),
    "multiplex-peer": .unserved("each allocation has a port of its own"),
    "pkey-pwd": .unserved("keep the key in a file that only the server reads"),
    "cipher-list": .unserved(tls), "ec-curve-name": .unserved(tls), "dh-file": .unserved(tls),
    "dh566": .unserved(tls), "dh1066": .unserved(tls), "tlsv1": .unserved(tls),
    "tlsv1_1": .unserved(tls), "no-tlsv1_2": .unserved(tls),
    "CA-file": .unserved("clients show no certificates"),
    "raw-public-keys": .unserved("certificates are shown"),
  ]
}
