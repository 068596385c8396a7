// RFC 8489 beyond RFC 5389: SHA-256, USERHASH, and that nobody is talked into less.

import NetTypes
import STUN
import Testing

@testable import TURN

struct AlgorithmTests {
  let bench = Bench()

  /// A request that is signed by the rules of RFC 8489, with one thing or another changed.
  struct Signed {
    var username = "ann"
    var userhash = false
    var algorithm: PasswordAlgorithm? = .sha256
    var algorithms: [PasswordAlgorithm]? = [.sha256]
    var keyAlgorithm = PasswordAlgorithm.sha256
    var integrity = IntegrityAlgorithm.sha256
    var realm = Bench.realm
    var nonce: String?
  }

  private func key(_ wish: Signed) -> [UInt8] {
    wish.keyAlgorithm.key(username: wish.username, realm: Bench.realm, password: "pw")
  }

  private func ask(_ wish: Signed, on bench: Bench? = nil) throws -> Answer {
    let bench = bench ?? self.bench
    var builder = MessageBuilder()
    builder.begin(MessageType(.refresh, .request), TransactionID(using: &bench.random))
    if wish.userhash {
      builder.add(
        .userhash,
        bytes: LongTermCredential.userhash(username: wish.username, realm: Bench.realm))
    } else {
      builder.add(.username, text: wish.username)
    }
    builder.add(.realm, text: wish.realm)
    builder.add(.nonce, text: wish.nonce ?? bench.nonce())
    if let algorithms = wish.algorithms { builder.add(algorithms: algorithms) }
    if let algorithm = wish.algorithm {
      builder.add(.passwordAlgorithm, bytes: PasswordAlgorithm.value([algorithm]))
    }
    builder.finish(integrityKey: IntegrityKey(key(wish), wish.integrity))
    return try bench.ask(builder.bytes)
  }

  /// 437, for there is nothing to refresh, is the answer to who is known.
  private func isKnown(_ answer: Answer, _ wish: Signed, by algorithm: IntegrityAlgorithm) -> Bool {
    answer.code == 437 && answer.message.integrityAlgorithm == algorithm
      && answer.isSigned(by: key(wish))
  }

  @Test("Trap 3: who signs with SHA-256 is answered with SHA-256, everybody else with SHA-1")
  func follows() throws {
    var wish = Signed()
    #expect(try isKnown(ask(wish), wish, by: .sha256))
    // RFC 8489 §9.2.4: who names an algorithm knows SHA-256, whatever he signs with.
    wish.integrity = .sha1
    #expect(try isKnown(ask(wish), wish, by: .sha256))
    wish = Signed(algorithm: nil, algorithms: nil, keyAlgorithm: .md5, integrity: .sha1)
    #expect(try isKnown(ask(wish), wish, by: .sha1))
    wish.integrity = .sha256
    #expect(try isKnown(ask(wish), wish, by: .sha256))
  }

  @Test("Trap 3: without PASSWORD-ALGORITHM and PASSWORD-ALGORITHMS the key is MD5's")
  func legacy() throws {
    let wish = Signed(algorithm: nil, algorithms: nil, integrity: .sha1)
    #expect(try ask(wish).code == 401)
  }

  @Test(
    "Trap 3: a list that is not the one we sent, or a choice that is not in it, is a bad request",
    arguments: [
      Signed(algorithms: nil), Signed(algorithm: nil), Signed(algorithms: [.sha256, .md5]),
      Signed(algorithms: [.md5, .sha256]), Signed(algorithms: [.md5]), Signed(algorithms: []),
      Signed(algorithm: .md5, keyAlgorithm: .md5),
      Signed(algorithm: .md5, algorithms: [.md5], keyAlgorithm: .md5),
      Signed(algorithm: .md5, algorithms: [.md5], keyAlgorithm: .md5, integrity: .sha1),
    ])
  func bidDown(wish: Signed) throws {
    let answer = try ask(wish)
    #expect(answer.code == 400)
    #expect(!answer.message.hasIntegrity && answer.nonce == nil && answer.realm == nil)
  }

  @Test("Trap 3: a nonce without its cookie is stale, and the answer offers the algorithms again")
  func stripped() throws {
    let mint = NonceMint(key: Array(repeating: 1, count: 32), lifetime: .seconds(600))
    let wish = Signed(
      algorithm: nil, algorithms: nil, keyAlgorithm: .md5, integrity: .sha1,
      nonce: Bench.text(of: mint.mint(for: bench.client, unixSeconds: Bench.unixStart)))
    let answer = try ask(wish)
    #expect(answer.code == 438)
    #expect(answer.algorithms == PasswordAlgorithm.value([.sha256]))
  }

  @Test("Trap 4: PASSWORD-ALGORITHMS and its bit in the nonce come together or not at all")
  func together() throws {
    let offered = try bench.ask(.allocate, username: nil)
    #expect(offered.algorithms == PasswordAlgorithm.value([.sha256]))
    #expect(offered.nonce?.hasPrefix("obMatJos2AAAB") == true)
    let md5 = [UInt8](repeating: 5, count: 16)
    let old = Bench {
      $0.credentials = CredentialStore(
        realm: Bench.realm, users: [.init("ann", passwords: ["pw"]), .init("old", key: md5)],
        secrets: [])
    }
    let plain = try old.ask(.allocate, username: nil)
    #expect(plain.algorithms == nil)
    #expect(plain.nonce?.hasPrefix("obMatJos2AAAC") == true)
    #expect(try old.allocate().isSuccess)
  }

  @Test("Trap 5: a user of whom only a key is stored is known by it, with MD5 or SHA-256")
  func storedKeys() throws {
    let users = PasswordAlgorithm.allCases.map { algorithm in
      let name = "\(algorithm)"
      return CredentialStore.User(
        name, key: algorithm.key(username: name, realm: Bench.realm, password: "pw"))
    }
    let both = Bench {
      $0.credentials = CredentialStore(realm: Bench.realm, users: users, secrets: [])
    }
    let old = Signed(
      username: "md5", algorithm: nil, algorithms: nil, keyAlgorithm: .md5, integrity: .sha1)
    #expect(try isKnown(ask(old, on: both), old, by: .sha1))
    let modern = Bench {
      $0.credentials = CredentialStore(realm: Bench.realm, users: [users[1]], secrets: [])
    }
    let new = Signed(username: "sha256")
    #expect(try isKnown(ask(new, on: modern), new, by: .sha256))
  }

  @Test("Trap 5: a password is good in each form that clients of either RFC prepare it to")
  func prepared() throws {
    let bench = Bench {
      $0.credentials = CredentialStore(
        realm: Bench.realm,
        users: [.init("ann", passwords: ["The\u{AD}M\u{AA}tr\u{2168}", "TheMatrIX"])], secrets: [])
    }
    for (index, form) in ["The\u{AD}M\u{AA}tr\u{2168}", "TheMatrIX"].enumerated() {
      let client = SocketAddress(bench.client.ip, port: UInt16(index + 1))
      #expect(try bench.allocate(password: form, from: client).isSuccess)
    }
    #expect(try bench.allocate(password: "TheMatrix").code == 401)
  }

  @Test("Trap 5: a static user is found by USERHASH; a time-limited name is not, and gets 401")
  func userhash() throws {
    let known = Bench {
      $0.credentials = CredentialStore(realm: Bench.realm, users: ["ann": "pw"], secrets: [])
    }
    let wish = Signed(userhash: true)
    #expect(try isKnown(ask(wish, on: known), wish, by: .sha256))
    let challenge = try known.ask(.allocate, username: nil)
    #expect(challenge.nonce?.hasPrefix("obMatJos2AAAD") == true)
    #expect(try ask(Signed(username: "eve", userhash: true), on: known).code == 401)
    let limited = Signed(username: "1800000100:ann", userhash: true)
    #expect(try ask(limited).code == 401)
    // Whoever issues time-limited names must not be asked for their hashes.
    let mixed = try bench.ask(.allocate, username: nil)
    #expect(mixed.nonce?.hasPrefix("obMatJos2AAAB") == true)
    #expect(try isKnown(ask(wish), wish, by: .sha256))
  }

  @Test func `an allocation made by USERHASH is the user's, however he names himself`() throws {
    try bench.allocate()
    let hashed = try ask(Signed(userhash: true))
    #expect(hashed.isSuccess && hashed.message.integrityAlgorithm == .sha256)
  }

  @Test("turn-rs: a realm that is not ours is challenged, though the signature holds")
  func realm() throws {
    #expect(try ask(Signed(realm: "elsewhere")).code == 401)
    #expect(try ask(Signed(realm: "")).code == 401)
  }

  @Test("Trap 7: attributes that somebody appended behind the integrity are not acted on")
  func appended() throws {
    try bench.allocate()
    var bytes = bench.request(.refresh) { $0.add(.lifetime, uint32: 600) }
    // The first of two is acted on, and the second is not signed: LIFETIME 0 ends nothing.
    bytes += [0x00, 0x0d, 0x00, 0x04, 0, 0, 0, 0]
    // Nor is an unknown one refused: 0x7777 would have to be understood.
    bytes += [0x77, 0x77, 0x00, 0x00]
    bytes[3] += 12
    let answer = try bench.ask(bytes)
    #expect(answer.isSuccess && answer.lifetime == 600)
    #expect(bench.records.count == 1)
  }
}
