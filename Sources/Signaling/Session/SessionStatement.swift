// What a session's secret says to the server that made it.

/// Everything that any loop, and a later run of the server, has to know of a session.
public struct SessionStatement: Hashable, Sendable {
  /// The run of the server that made it.
  public var epoch: UInt64
  /// The session among those of its room's loop.
  public var session: SessionID
  /// How many secrets the session had before.
  public var generation: UInt32
  /// The room it is in.
  public var room: RoomKey
  /// What the others call it.
  public var peer: PeerID
  /// What the others know of it.
  public var profile: Profile
  /// What it may do.
  public var permissions: Permissions
  /// Whether its media goes through the relay.
  public var relay: RelayPolicy
}

extension SessionStatement {
  /// The layout of the bytes; others are refused.
  private static let version: UInt8 = 1

  var bytes: [UInt8] {
    var writer = ByteWriter()
    writer.append(Self.version)
    writer.append(epoch)
    writer.append(session.rawValue)
    writer.append(generation)
    writer.append(UInt64(bitPattern: profile.order))
    writer.append(permissions.rawValue)
    writer.append(UInt8(RelayPolicy.allCases.firstIndex(of: relay) ?? 0))
    for text in [
      room.tenant.text, room.name.text, peer.text, profile.name.text, profile.role?.text ?? "",
    ] { writer.append(text) }
    return writer.bytes
  }

  /// Nil for what `bytes` never gives.
  init?(_ bytes: [UInt8]) {
    var reader = ByteReader(bytes)
    guard reader.number(UInt8.self) == Self.version, let epoch = reader.number(UInt64.self),
      let session = reader.number(UInt64.self), let generation = reader.number(UInt32.self),
      let order = reader.number(UInt64.self), let permissions = reader.number(UInt8.self),
      let relay = reader.number(UInt8.self), relay < RelayPolicy.allCases.count,
      let tenantText = reader.text(), let roomText = reader.text(), let peer = reader.text(),
      let nameText = reader.text(), let role = reader.text(), reader.isAtEnd,
      let tenant = tenantText.isEmpty ? .open : TenantID(tenantText),
      let room = RoomName(roomText), let name = DisplayName(nameText)
    else { return nil }
    self.epoch = epoch
    self.session = SessionID(session)
    self.generation = generation
    self.room = RoomKey(tenant: tenant, name: room)
    self.peer = PeerID(peer)
    profile = Profile(name: name, role: Role(role), order: Int64(bitPattern: order))
    self.permissions = Permissions(rawValue: permissions)
    self.relay = RelayPolicy.allCases[Int(relay)]
  }
}

/// Numbers in network byte order, and texts behind their lengths.
private struct ByteWriter {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ number: some FixedWidthInteger) {
    for shift in stride(from: number.bitWidth - 8, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }

  mutating func append(_ text: String) {
    append(UInt16(clamping: text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }
}

/// Reads what `ByteWriter` wrote.
private struct ByteReader {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func number<N: FixedWidthInteger>(_: N.Type) -> N? {
    let size = N.bitWidth / 8
    guard rest.count >= size else { return nil }
    defer { rest = rest.dropFirst(size) }
    return rest.prefix(size).reduce(0) { $0 << 8 | N($1) }
  }

  mutating func text() -> String? {
    guard let size = number(UInt16.self), rest.count >= Int(size) else { return nil }
    defer { rest = rest.dropFirst(Int(size)) }
    return String(decoding: rest.prefix(Int(size)), as: UTF8.self)
  }
}
