// The user name and password of each client of a relay run.

internal import Configuration
internal import Crypto

extension RelayOptions {
  /// Made from a shared secret they outlive any run.
  private static let lifeSeconds: Int64 = 7_200

  /// As given, or, with a shared secret, a name that begins with its expiry and the HMAC-SHA1 of
  /// the name (draft-uberti-behave-turn-rest-00 §2.2).
  func credentials(of client: Int, unixSeconds: Int64) -> (name: String, password: String) {
    guard let secret else { return (user?.name ?? "", user?.password.text ?? "") }
    let name = "\(unixSeconds + Self.lifeSeconds):load-\(client)"
    let password = SHA1.hmac(Array(name.utf8).span, key: Array(secret.text.utf8))
    return (name, Base64.encode(password))
  }
}
