// The options that say who may join rooms, and what a backend may ask for.

extension ServerConfiguration {
  static let tenantsName = "tenants"

  static let joining = [
    Row(
      programs: signaling,
      option: ServerOption.list(
        "join-secret", "SECRET",
        help: "Let in who has a join token signed with this secret (HS256, 32 bytes or more); the"
          + " first signs new ones. Without it, and without tenants, everybody may join."
      ) {
        $0.joinSecrets.append(try OptionValues.joinSecret($1))
      }.secret.reloadable),
    Row(
      programs: signaling,
      option: ServerOption.list(
        "api-key", "KEY",
        help: "Issue join tokens and ICE credentials to a backend that shows this key; or"
          + " sha256:HEX, the digest of one."
      ) {
        $0.apiKeyDigests.append(try OptionValues.apiKeyDigest($1))
      }.secret.reloadable),
    Row(
      programs: signaling,
      option: ServerOption.value(
        tenantsName, "FILE",
        help: "Several tenants, each with rooms, keys and limits of its own, in this JSON5 file."
      ) {
        $0.tenantsPath = $1
      }.reloadable),
    Row(
      programs: signaling,
      option: ServerOption.value(
        "public-url", "URL",
        help: "Where browsers reach this server, https://calls.example.org, for backends that ask."
      ) {
        $0.publicURL = try OptionValues.publicURL($1)
      }.noting(default: "the host of the request")),
  ]
}
