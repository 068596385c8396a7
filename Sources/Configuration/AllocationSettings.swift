// What the relay is told about single allocations.

public import NetTypes

/// Bounds and habits of allocations (RFC 8656).
public struct AllocationSettings: Sendable {
  /// The family of a relayed address when the client names none.
  public enum Family: String, Sendable, CaseIterable {
    case ipv4, ipv6
    /// The client's own.
    case keep
  }

  /// Where clients are sent when there is no room here.
  public struct Alternate: Sendable, Equatable {
    public let address: SocketAddress
    /// The name in its certificate, at most 255 bytes; `nil` for the same as here.
    public let domain: String?
  }

  public internal(set) var defaultFamily = Family.ipv4
  /// Lifetimes in seconds: granted when none is asked for, and at most.
  public internal(set) var lifetimeDefaultSeconds = 0
  public internal(set) var lifetimeMaxSeconds = 0
  /// Of one allocation at a time.
  public internal(set) var permissionsMax = 0
  public internal(set) var channelsMax = 0
  /// How long a relay port that was used is not given to the next, in seconds.
  public internal(set) var portRestSeconds = 0
  public internal(set) var alternates: [Alternate] = []
  /// Whether allocations may move to another address of their client (RFC 8016).
  public internal(set) var areMobile = false
}

extension OptionValues {
  /// `ADDRESS:PORT`, and after `=` the name in the server's certificate.
  static func alternate(_ text: String) throws(MalformedValue) -> AllocationSettings.Alternate {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard let address = parts.first.flatMap({ SocketAddress($0) }), address.port != 0,
      !address.ip.isUnspecified
    else { throw .isNot("ADDRESS:PORT or ADDRESS:PORT=NAME, such as 192.0.2.8:3478") }
    guard parts.count == 2 else { return .init(address: address, domain: nil) }
    guard (1...255).contains(parts[1].utf8.count), isHost(parts[1]) else {
      throw .isNot("ADDRESS:PORT=NAME with the name of a host, such as turn2.example.org")
    }
    return .init(address: address, domain: String(parts[1]))
  }
}

extension ServerConfiguration {
  static let allocating = [
    Row(
      programs: relays,
      option: ServerOption.value(
        "default-family", "WORD", default: AllocationSettings.Family.ipv4.rawValue,
        help: "The family of relays when clients name none, as browsers do: ipv4, ipv6, or keep"
          + " for the client's own."
      ) {
        $0.allocations.defaultFamily = try OptionValues.word(
          $1, as: AllocationSettings.Family.self)
      }),
    Row(
      programs: relays,
      option: ServerOption.value(
        "default-lifetime", "SECONDS", default: "600",
        help: "How long an allocation lives unless refreshed, where clients ask for less."
      ) {
        $0.allocations.lifetimeDefaultSeconds = try OptionValues.number($1, in: 60...86_400)
      }),
    Row(
      programs: relays,
      option: ServerOption.value(
        "max-lifetime", "SECONDS", default: "3600",
        help: "How long an allocation lives unless refreshed, at most."
      ) {
        $0.allocations.lifetimeMaxSeconds = try OptionValues.number($1, in: 60...86_400)
      }),
    Row(
      programs: relays,
      option: ServerOption.value(
        "max-permissions", "N", default: "256",
        help: "The most peer addresses that one allocation may permit at a time."
      ) {
        $0.allocations.permissionsMax = try OptionValues.number($1, in: 1...65_535)
      }),
    Row(
      programs: relays,
      option: ServerOption.value(
        "max-channels", "N", default: "256",
        help: "The most channels that one allocation may bind at a time."
      ) {
        $0.allocations.channelsMax = try OptionValues.number($1, in: 1...16_384)
      }),
    Row(
      programs: relays,
      option: ServerOption.value(
        "port-rest", "SECONDS", default: "30",
        help: "How long a relay port that was used is not given to the next client, unless no"
          + " other is left."
      ) {
        $0.allocations.portRestSeconds = try OptionValues.number($1, in: 0...86_400)
      }),
    Row(
      programs: relays,
      option: ServerOption.list(
        "alternate-server", "ADDRESS:PORT",
        help: "Send clients there when the total quota is reached, or while the server drains: to"
          + " one of their family. ADDRESS:PORT=NAME names the host in its certificate."
      ) {
        $0.allocations.alternates.append(try OptionValues.alternate($1))
      }),
    Row(
      programs: relays,
      option: ServerOption.toggle(
        "mobility", help: "Let clients take an allocation along to another address (RFC 8016)."
      ) {
        $0.allocations.areMobile = true
      }),
  ]
}
