// A client and a server engine with a wire between them that a test can cut as it likes.

import EventLoop
import TLS
import TLSTesting

let certificate: TestCertificate? = try? TestCertificate()

struct Pair {
  let client: TLSEngine
  let server: TLSEngine
  var toServer: [UInt8] = []
  var toClient: [UInt8] = []
  var serverReceived: [UInt8] = []
  var clientReceived: [UInt8] = []

  /// - Parameter piece: bytes that one step carries in each direction.
  init(
    serverProtocols: [String] = [], clientProtocols: [String] = [],
    versions: ClosedRange<TLSVersion> = .tls12 ... .tls13
  ) throws {
    let files = try certificate ?? TestCertificate()
    server = TLSEngine(
      serving: try TLSContext(
        certificates: files.certificatePath, key: files.keyPath, protocols: serverProtocols))
    client = TLSEngine(
      connectingTo: "localhost",
      by: try TLSContext(
        trusting: files.certificatePath, protocols: clientProtocols, versions: versions))
    client.open([UInt8]().span, into: &clientReceived, answering: &toServer)
  }

  /// Carries what is on the wire, `piece` bytes at a time, until it is empty.
  mutating func exchange(piece: Int = .max) {
    while !toServer.isEmpty || !toClient.isEmpty {
      let up = Array(toServer.prefix(piece))
      toServer.removeFirst(up.count)
      if !up.isEmpty { server.open(up.span, into: &serverReceived, answering: &toClient) }
      let down = Array(toClient.prefix(piece))
      toClient.removeFirst(down.count)
      if !down.isEmpty { client.open(down.span, into: &clientReceived, answering: &toServer) }
    }
  }
}

/// Bytes that tell where they are.
func pattern(_ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0 ^ ($0 >> 8)) }
}
