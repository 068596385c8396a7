// What names a room in the whole server.

/// A room of a tenant: two tenants may have rooms of one name, and these never meet.
public struct RoomKey: Hashable, Sendable {
  /// Whose room it is.
  public let tenant: TenantID
  /// Its name among the rooms of that tenant.
  public let name: RoomName

  /// The room `name` of `tenant`.
  public init(tenant: TenantID = .open, name: RoomName) {
    self.tenant = tenant
    self.name = name
  }
}
