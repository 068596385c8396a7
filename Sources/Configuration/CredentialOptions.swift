// The options that say who may use the relay, and how much strangers are told.

extension ServerConfiguration {
  static let credentials = [
    Row(
      programs: relays,
      option: ServerOption.value(
        "realm", "NAME", default: "parley", help: "The realm of the credentials."
      ) {
        $0.realm = try OptionValues.realm($1)
      }),
    Row(
      programs: relays,
      option: ServerOption.list(
        "user", "NAME:PASSWORD",
        help: "Accept this user; or NAME:0xKEY with the key, in hexadecimal, that MD5 or SHA-256"
          + " make of NAME:REALM:PASSWORD. NAME holds no colon."
      ) {
        $0.users.append(try OptionValues.user($1))
      }.secret.reloadable),
    Row(
      programs: relays,
      option: ServerOption.list(
        "secret", "SECRET",
        help: "Accept time-limited credentials made with this secret (EXPIRY:NAME or NAME:EXPIRY,"
          + " and its HMAC-SHA1 or HMAC-SHA256 in base64); the first is used for new ones."
      ) {
        $0.secrets.append(Secret(try OptionValues.text($1, bytesMax: 1024)))
      }.secret.reloadable),
    Row(
      programs: relays,
      option: ServerOption.value(
        "redis-userdb", "CONNECTION",
        help: "Accept the users, secrets and peer rules too that coturn's schema has in this Redis:"
          + " \"ip=127.0.0.1 port=6379 dbname=0 password=… connect_timeout=5\"."
      ) {
        $0.redisUsers = try OptionValues.redisUsers($1)
      }.secret),
    Row(
      programs: relays,
      option: ServerOption.value(
        "redis-refresh", "SECONDS", default: "30",
        help: "How often Redis is read again; what changes there is known after so long."
      ) {
        // Checked without a database too.
        let seconds = try OptionValues.number($1, in: 1...86_400)
        $0.redisUsers?.refresh = .seconds(seconds)
      }),
    Row(
      programs: relays,
      option: ServerOption.value(
        "rest-separator", "CHARACTER", default: ":",
        help: "What stands between EXPIRY and NAME."
      ) {
        $0.restSeparator = try OptionValues.separator($1)
      }.reloadable),
    Row(
      programs: relays,
      option: ServerOption.toggle(
        "strict-expiry",
        help: "End allocations when the time of their credentials is over; without it, credentials"
          + " need to be good only when the allocation is made."
      ) {
        $0.hasStrictExpiry = true
      }.reloadable),
    Row(
      programs: relays,
      option: ServerOption.list(
        "oauth-key", "KID:BASE64[:ALG]",
        help: "Accept tokens that an authorization server sealed with this key (RFC 7635); ALG is"
          + " A256GCM or A128GCM."
      ) {
        $0.authorizationKeys.append(try OptionValues.authorizationKey($1))
      }.secret.reloadable),
    Row(
      programs: relays,
      option: ServerOption.value(
        "server-name", "NAME",
        help: "What tokens are to be made for: the name that authorization servers know this by."
      ) {
        $0.givenServerName = try OptionValues.text($1, bytesMax: 255)
      }.noting(default: "the realm")),
    Row(
      programs: relays,
      option: ServerOption.value(
        "unauthenticated-rate", "N", default: "1000",
        help: "Answers a second over UDP to requests of one network (/24 or /56) that prove"
          + " nothing; 0 for no limit."
      ) {
        $0.unauthenticatedRate = try OptionValues.number($1, in: 0...1_000_000)
      }),
  ]
}
