// Keeps the users of a Redis server known to the relay: on a thread of its own, every few seconds.

public import Configuration
public import EventLoop
public import NetTypes
public import RelayService
internal import Logging
internal import Redis

/// Asks the server again and again. When it does not answer, what was known last goes on.
///
/// Its loop has no packets: a server that does not answer keeps nobody waiting but itself.
public final class UserDatabase: DeadlineHandler, @unchecked Sendable {
  private let settings: ServerConfiguration.RedisUsers
  private let realm: String
  private let loop: EventLoop
  private var thread: LoopThread?
  private var due: Instant
  private var connection: RedisConnection?
  private var stored = StoredUsers()
  private var wasRead = false
  private var isAway = false
  private let changed: @Sendable (StoredUsers) -> Void

  /// - Parameter changed: called on the thread of the database with all that is stored, whenever
  ///   it is not what it was.
  public init(
    _ settings: ServerConfiguration.RedisUsers, realm: String,
    changed: @escaping @Sendable (StoredUsers) -> Void
  ) throws(SystemError) {
    self.settings = settings
    self.realm = realm
    self.changed = changed
    loop = try EventLoop(index: -2)
    due = loop.now
    loop.add(self)
    thread = try LoopThread(loop, name: "redis")
  }

  /// Keeps the users of the configuration's Redis known to a relay; `nil` without one.
  ///
  /// - Parameter control: where the relay is told.
  public convenience init?(
    of configuration: ServerConfiguration, for relay: RelayService, on control: EventLoop
  ) throws(SystemError) {
    guard let settings = configuration.redisUsers else { return nil }
    try self.init(settings, realm: configuration.realm) { stored in
      control.submit { relay.take(stored) }
    }
  }

  /// Waits for the answer that is under way, if any.
  public func stop() { thread?.stopAndJoin() }

  public var nextDeadline: Instant? { due }

  public func advance(to now: Instant) {
    guard now >= due else { return }
    refresh()
    due = now + settings.refresh
  }

  private func refresh() {
    do throws(RedisError) {
      if connection == nil { connection = try RedisConnection(settings.address) }
      guard let connection else { return }
      var reader = UserDatabaseReader(connection, realm: realm)
      let fresh = try reader.read()
      if isAway { Log.info("users are read from Redis again") }
      isAway = false
      guard !wasRead || fresh != stored else { return }
      wasRead = true
      stored = fresh
      Log.info(
        "users read from Redis",
        [
          "users": .public(fresh.keys.count), "secrets": .public(fresh.secrets.count),
          "peer_rules": .public(fresh.allowed.count + fresh.denied.count),
          "malformed": .public(reader.malformed),
        ])
      changed(fresh)
    } catch {
      // A new connection for the next time: this one may be in the middle of an answer.
      connection = nil
      if !isAway {
        Log.warning(
          "users are not read from Redis; those that are known stay", ["reason": .public(error)])
      }
      isAway = true
    }
  }
}

extension ServerConfiguration.RedisUsers {
  fileprivate var address: RedisAddress {
    RedisAddress(
      host: host, port: port, database: database, user: user, password: password?.text,
      timeout: timeout)
  }
}
