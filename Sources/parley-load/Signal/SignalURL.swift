// Where signaling is: the URL of a WebSocket, as far as this tool needs one.

internal import NetTypes

/// `ws://HOST[:PORT][/PATH]` with an IP address, or `localhost` for 127.0.0.1.
struct SignalURL: Sendable, Equatable {
  private static let scheme = "ws://"
  private static let defaultPort: UInt16 = 80
  private static let defaultPath = "/signal"

  let address: SocketAddress
  /// What stands in the Host field.
  let authority: String
  let path: String

  init?(_ text: String) {
    guard text.hasPrefix(Self.scheme) else { return nil }
    let rest = text.dropFirst(Self.scheme.count)
    let slash = rest.firstIndex(of: "/") ?? rest.endIndex
    let path = String(rest[slash...])
    guard path.utf8.allSatisfy(Self.isPathByte) else { return nil }
    authority = String(rest[..<slash])
    self.path = path.isEmpty ? Self.defaultPath : path
    var host = authority
    if host == "localhost" || host.hasPrefix("localhost:") {
      host = "127.0.0.1" + host.dropFirst("localhost".count)
    }
    guard let address = SocketAddress(host) ?? SocketAddress("\(host):\(Self.defaultPort)") else {
      return nil
    }
    self.address = address
  }

  private static func isPathByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: "/-._~".utf8.contains(byte)
    }
  }
}
