// Transport addresses and the 5-tuples made of them.

/// An IP address with a port, and for link-local IPv6 the interface it is local to.
public struct SocketAddress: Hashable, Sendable {
  public let ip: IPAddress
  public let port: UInt16
  /// The interface index of a link-local IPv6 address; 0 otherwise.
  public let scope: UInt32

  @inlinable public init(_ ip: IPAddress, port: UInt16, scope: UInt32 = 0) {
    self.ip = ip
    self.port = port
    self.scope = scope
  }

  /// Reads `192.0.2.1:3478` or `[2001:db8::1]:3478`; anything else is `nil`.
  public init?(_ text: some StringProtocol) {
    guard let colon = text.lastIndex(of: ":") else { return nil }
    let digits = text[text.index(after: colon)...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let port = UInt16(digits)
    else { return nil }
    var host = text[..<colon]
    let bracketed = host.hasPrefix("[") && host.hasSuffix("]") && host.count > 2
    if bracketed { host = host.dropFirst().dropLast() }
    guard let ip = IPAddress(host), (ip.family == .v6) == bracketed else { return nil }
    self.init(ip, port: port)
  }

  /// The whole address, as `init(_:)` reads it.
  public var text: String {
    ip.family == .v4 ? "\(ip.text):\(port)" : "[\(ip.text)]:\(port)"
  }
}

extension SocketAddress: CustomStringConvertible {
  /// Shortened as ``IPAddress/description`` is.
  public var description: String { "\(ip):\(port)" }
}

/// How a client reaches the server, the fifth part of a 5-tuple.
public enum Transport: UInt8, Hashable, CaseIterable, Sendable {
  case udp, tcp, tls, dtls

  /// Whether messages are cut out of a stream of bytes, and nothing is ever lost or sent again.
  @inlinable public var isStream: Bool { self == .tcp || self == .tls }

  /// Whether what passes is encrypted, and the client knows whom it talks to.
  @inlinable public var isSecure: Bool { self == .tls || self == .dtls }

  /// As it is written in `--listen`, logs and documents.
  public var text: String {
    switch self {
    case .udp: "udp"
    case .tcp: "tcp"
    case .tls: "tls"
    case .dtls: "dtls"
    }
  }
}

/// RFC 8656 §3: what an allocation is known by on the client's side.
public struct FiveTuple: Hashable, Sendable {
  public let client: SocketAddress
  /// The server address the client sent to, as the kernel reports it: replies leave from there.
  public let server: SocketAddress
  public let transport: Transport

  @inlinable public init(client: SocketAddress, server: SocketAddress, transport: Transport) {
    self.client = client
    self.server = server
    self.transport = transport
  }
}
