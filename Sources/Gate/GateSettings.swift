// What the gate is told, and what it counts.

public import EventLoop
public import NetTypes
public import TLS

/// The same for all gates of a process.
public struct GateSettings: Sendable {
  /// Those whose word on a client's address is taken (PROXY protocol); a header from anybody else
  /// is garbage.
  public var proxies: [CIDR]
  public var halfOpen: HalfOpen
  /// What connections that begin with TLS are encrypted by; `nil` for no TLS.
  public var certificates: CertificateStore?
  /// From the accept until it is known who is to serve the connection; for a client of the relay,
  /// until its first message is there whole.
  public var deadline = Duration.seconds(10)

  public init(proxies: [CIDR] = [], halfOpenMax: Int = 4_096) {
    self.proxies = proxies
    halfOpen = HalfOpen(max: halfOpenMax)
  }

  func isProxy(_ ip: IPAddress) -> Bool { proxies.contains { $0.contains(ip) } }
}

/// A connection of which it is known who serves it: the stream, with what has arrived on it.
public struct GatedStream: Sendable {
  public let stream: ByteStream
  /// The client's address and the server's, as a trusted proxy has told them, and the transport.
  public let tuple: FiveTuple
  /// To be released when the client has proved something; `nil` where that is not asked for.
  public let place: HalfOpenPlace?
  /// When it is to be closed unless its first message is there; nobody waits for HTTP here.
  public let deadline: Instant

  public init(
    stream: ByteStream, tuple: FiveTuple, place: HalfOpenPlace?,
    deadline: Instant = .distantFuture
  ) {
    self.stream = stream
    self.tuple = tuple
    self.place = place
    self.deadline = deadline
  }
}

/// Who is behind a listener. Called on its loop.
public struct Door {
  public typealias Tenant = (GatedStream) -> Void
  let transport: Transport
  let relay: Tenant?
  let http: Tenant?

  /// - Parameter transport: `tls` admits nothing else.
  public init(_ transport: Transport = .tcp, relay: Tenant? = nil, http: Tenant? = nil) {
    self.transport = transport
    self.relay = relay
    self.http = http
  }
}

/// Why a connection did not get through.
public enum GateRefusal: String, CaseIterable, Sendable {
  /// As many half-open connections as there may be, or as many of this source.
  case halfOpen = "half_open"
  case halfOpenOfSource = "half_open_of_source"
  /// Nothing, or not enough, in time.
  case timeout
  /// A PROXY header that makes no sense.
  case badProxyHeader = "bad_proxy_header"
  /// No TLS could be agreed on.
  case tls
  /// HTTP where there is none, and any other bytes that nobody here understands.
  case http
  case garbage
}

/// What came to a gate.
public struct GateFigures: Equatable, Sendable {
  public var accepted: UInt64 = 0
  /// By a word for the reason; reasons that never occurred are missing.
  public var refused: [String: UInt64] = [:]

  public init() {}

  public mutating func add(_ other: GateFigures) {
    accepted += other.accepted
    refused.merge(other.refused, uniquingKeysWith: +)
  }
}
