// Nonces: good where and while they should be, guessed by nobody, and telling what a server can do.

import NetTypes
import STUN
import Testing

extension NonceMint {
  /// As text, of which pieces can be taken.
  fileprivate func text(
    for client: SocketAddress, unixSeconds: Int64, features: SecurityFeatures = []
  ) -> String {
    let nonce: Nonce = mint(for: client, unixSeconds: unixSeconds, features: features)
    return String(decoding: nonce.indices.map { nonce[$0] }, as: UTF8.self)
  }

  fileprivate func isValid(
    _ nonce: some StringProtocol, for client: SocketAddress, unixSeconds: Int64,
    features: SecurityFeatures = []
  ) -> Bool {
    isValid(Array(nonce.utf8).span, for: client, unixSeconds: unixSeconds, features: features)
  }
}

struct NonceMintTests {
  static let key = [UInt8](repeating: 9, count: 32)
  let mint = NonceMint(key: key, lifetime: .seconds(600))
  let client = SocketAddress(IPAddress(192, 0, 2, 1), port: 5000)

  @Test func `a nonce is good for its client while it lives, and may come from 30 s ahead`() {
    let nonce = mint.text(for: client, unixSeconds: 1_000_000)
    #expect(nonce.utf8.count == NonceMint.length)
    for (seconds, isValid) in [
      (1_000_000, true), (1_000_600, true), (1_000_601, false), (999_970, true), (999_969, false),
    ] as [(Int64, Bool)] {
      #expect(mint.isValid(nonce, for: client, unixSeconds: seconds) == isValid, "\(seconds)")
    }
  }

  @Test func `its three bytes of time are never mistaken for those of another day`() {
    let nonce = mint.text(for: client, unixSeconds: 1_800_000_000)
    #expect(!mint.isValid(nonce, for: client, unixSeconds: 1_800_000_000 + 1 << 24))
    #expect(!mint.isValid(nonce, for: client, unixSeconds: 1_800_000_000 - 1 << 24))
    let late = mint.text(for: client, unixSeconds: (7 << 24) - 1)
    #expect(mint.isValid(late, for: client, unixSeconds: 7 << 24))
  }

  @Test(
    "turn-rs: a nonce of another address, port, key or time, or of no mint, is refused")
  func foreign() {
    let nonce = mint.text(for: client, unixSeconds: 1_000_000)
    let port = SocketAddress(client.ip, port: 5001)
    let ip = SocketAddress(IPAddress(192, 0, 2, 2), port: 5000)
    #expect(!mint.isValid(nonce, for: port, unixSeconds: 1_000_000))
    #expect(!mint.isValid(nonce, for: ip, unixSeconds: 1_000_000))
    let other = NonceMint(key: Array(repeating: 8, count: 32), lifetime: .seconds(600))
    #expect(!other.isValid(nonce, for: client, unixSeconds: 1_000_000))
    let later = mint.text(for: client, unixSeconds: 1_000_001)
    let forged = later.prefix(17) + nonce.dropFirst(17)
    for odd in [
      "", "zzzzzzzz", String(forged), String(nonce.dropLast()), nonce + "0",
      String(nonce.dropFirst(13)), nonce.replacing("obMat", with: "obmat"),
      String(nonce.prefix(13)) + "====" + nonce.dropFirst(17),
    ] {
      #expect(!mint.isValid(odd, for: client, unixSeconds: 1_000_000), "\(odd)")
    }
  }

  @Test func `any mint with the same key takes it, as another node would`() {
    let node = NonceMint(key: Self.key, lifetime: .seconds(600))
    #expect(
      node.isValid(mint.text(for: client, unixSeconds: 5), for: client, unixSeconds: 5))
  }

  @Test func `after a change of key the nonces of the key before are good, older ones are not`() {
    let keys = (1...3).map { [UInt8](repeating: $0, count: 16) }
    let mints = [
      NonceMint(key: keys[0], lifetime: .seconds(600)),
      NonceMint(key: keys[1], previous: keys[0], lifetime: .seconds(600)),
      NonceMint(key: keys[2], previous: keys[1], lifetime: .seconds(600)),
    ]
    let nonces = mints.map { $0.text(for: client, unixSeconds: 9) }
    let taken = nonces.map { mints[2].isValid($0, for: client, unixSeconds: 9) }
    #expect(taken == [false, true, true])
    #expect(!mints[0].isValid(nonces[1], for: client, unixSeconds: 9))
  }

  @Test("CVE-2025-69217: a nonce follows from its key alone, and no two clients have the same")
  func unpredictable() {
    var random = SplitMix64(seed: 1)
    var seen: Set<String> = []
    for port in UInt16(1)...1_000 {
      let key = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
      let fresh = NonceMint(key: key, lifetime: .seconds(600))
      let address = SocketAddress(client.ip, port: port)
      for mint in [fresh, mint] {
        seen.insert(String(mint.text(for: address, unixSeconds: 77).dropFirst(17)))
      }
    }
    #expect(seen.count == 2_000)
  }
}

struct SecurityFeatureTests {
  @Test(
    "Trap 4: bit 0 of the nonce cookie is the rightmost one, as the errata of RFC 8489 have it",
    arguments: [
      ([], "obMatJos2AAAA"), (.passwordAlgorithms, "obMatJos2AAAB"),
      (.usernameAnonymity, "obMatJos2AAAC"),
      ([.passwordAlgorithms, .usernameAnonymity], "obMatJos2AAAD"),
    ] as [(SecurityFeatures, String)])
  func cookie(features: SecurityFeatures, cookie: String) {
    let written = features.cookie
    #expect(written.indices.map { written[$0] } == Array(cookie.utf8))
    #expect(read(cookie + "rest") == features)
    let mint = NonceMint(key: NonceMintTests.key, lifetime: .seconds(1))
    let client = SocketAddress(.loopbackV4, port: 1)
    let nonce = mint.text(for: client, unixSeconds: 1, features: features)
    #expect(nonce.hasPrefix(cookie))
    #expect(mint.isValid(nonce, for: client, unixSeconds: 1, features: features))
    // Nobody can take a feature off a nonce, and no server takes one for less than it offers.
    #expect(mint.isValid(nonce, for: client, unixSeconds: 1) == features.isEmpty)
    let stripped = "obMatJos2AAAA" + nonce.dropFirst(SecurityFeatures.cookieLength)
    #expect(mint.isValid(stripped, for: client, unixSeconds: 1) == features.isEmpty)
  }

  @Test func `a nonce without a cookie tells of no features`() {
    for nonce in ["", "obMatJos2", "obMatJos2AA", "obMatJos2AA==", "obMatJos2A*AB", "f//499k954d6"]
    {
      #expect(read(nonce) == nil, "\(nonce)")
    }
  }

  private func read(_ nonce: String) -> SecurityFeatures? {
    SecurityFeatures(nonce: Array(nonce.utf8).span)
  }
}
