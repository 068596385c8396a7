// The list of fuzz targets: what takes any bytes, and must keep its promises whatever they are.

/// A promise that an input broke.
public struct Finding: Error, CustomStringConvertible {
  public let description: String
}

/// Each takes one input, and throws when something is not as it must be. A trap is a finding too.
public enum FuzzTarget: String, CaseIterable, Sendable {
  /// One STUN message, as it comes and with its header repaired.
  case stun
  /// A stream of STUN messages and ChannelData, cut into frames.
  case stream
  /// A trace of what clients, peers and time do to a TURN server; see ``TraceReader``.
  case turn
  /// What a load balancer says in front of a stream.
  case proxy
  /// A datagram on a port that serves DTLS.
  case dtls
  /// What a client of WebSocket sends behind the handshake.
  case websocket
  /// What a client of HTTP sends.
  case http

  public func run(_ input: [UInt8]) throws(Finding) {
    switch self {
    case .stun: try STUNTarget.run(input)
    case .stream: try StreamTarget.run(input)
    case .turn: try TURNTarget.run(input)
    case .proxy: try ProxyTarget.run(input)
    case .dtls: try DTLSTarget.run(input)
    case .websocket: try WebSocketTarget.run(input)
    case .http: try HTTPTarget.run(input)
    }
  }
}

/// Throws unless `promise` holds.
func require(_ promise: Bool, _ text: @autoclosure () -> String) throws(Finding) {
  guard promise else { throw Finding(description: text()) }
}

extension Optional {
  /// The value that must be there.
  func required(_ text: @autoclosure () -> String) throws(Finding) -> Wrapped {
    guard let self else { throw Finding(description: text()) }
    return self
  }
}

/// Takes an input apart, zeros behind its end.
struct InputReader {
  private let input: [UInt8]
  private(set) var offset = 0

  init(_ input: [UInt8]) { self.input = input }

  var isAtEnd: Bool { offset >= input.count }

  mutating func byte() -> UInt8 {
    guard offset < input.count else { return 0 }
    offset += 1
    return input[offset - 1]
  }

  /// At most `count` bytes: as many as there are.
  mutating func bytes(_ count: Int) -> [UInt8] {
    let end = min(input.count, offset + count)
    defer { offset = end }
    return Array(input[offset..<end])
  }
}
