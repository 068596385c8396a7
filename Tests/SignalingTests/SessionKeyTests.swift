// What a session's secret says, and to whom.

import Crypto
import Signaling
import Testing

@Suite struct SessionKeyTests {
  private func statement() throws -> SessionStatement {
    let world = World()
    let grant = Grant(
      tenant: try #require(TenantID("acme")), peer: PeerID("ann"), role: Role("host ☕"),
      permissions: [.message, .moderate], relay: .onDemand)
    let joined = try #require(world.join("tea", name: "Zoë", grant: grant)).joined
    return try #require(world.incarnation.sessions.open(joined.session))
  }

  @Test func aSecretSaysAllThatAnotherLoopOrRunHasToKnow() throws {
    let statement = try statement()
    #expect(statement.room.tenant.text == "acme" && statement.room.name.text == "tea")
    #expect(statement.peer == PeerID("ann") && statement.generation == 0)
    #expect(statement.profile.name.text == "Zoë" && statement.profile.role?.text == "host ☕")
    #expect(statement.profile.order == World.startUnixMs)
    #expect(statement.permissions == [.message, .moderate] && statement.relay == .onDemand)
    let key = SessionKey(secrets: [[1]])
    #expect(key.open(key.seal(statement)) == statement)
  }

  @Test func noByteOfASecretCanBeChanged() throws {
    let key = SessionKey(secrets: [[1]])
    let secret = key.seal(try statement())
    let bytes = try #require(Base64URL.decode(secret.text))
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 1
      #expect(key.open(SessionSecret(Base64URL.encode(changed))) == nil)
    }
    for length in 0..<bytes.count {
      #expect(key.open(SessionSecret(Base64URL.encode(Array(bytes.prefix(length))))) == nil)
    }
    for text in ["", "x", "?", secret.text + "A", secret.text + "=", " " + secret.text] {
      #expect(key.open(SessionSecret(text)) == nil)
    }
  }

  @Test func anotherKeyOpensNothing() throws {
    let statement = try statement()
    let north = SessionKey(secrets: [[1]])
    let south = SessionKey(secrets: [[2]])
    #expect(south.open(north.seal(statement)) == nil)
    let both = SessionKey(secrets: [[2], [1]])
    #expect(both.open(north.seal(statement)) == statement)
    #expect(south.open(both.seal(statement)) == statement, "the first one seals")
    var random = SystemRandomNumberGenerator()
    let own = SessionKey(from: &random)
    #expect(own.open(own.seal(statement)) == statement)
    #expect(SessionKey(from: &random).open(own.seal(statement)) == nil)
  }
}
