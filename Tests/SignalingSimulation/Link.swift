// One connection between a client and the server, byte by byte.

internal import NetTypes
internal import Signaling
internal import WebSocket

/// One direction of a connection.
struct Pipe {
  /// Bytes that were put in.
  var written = 0
  /// Bytes that came out, or would have.
  var arrived = 0
  /// Bytes beyond this number never come out.
  var deadFrom = Int.max
  /// When the last byte put in comes out; nothing overtakes.
  var lastArrival = Instant.zero

  var isDead: Bool { deadFrom < .max }
}

/// Where a connection is to be cut.
struct Trap {
  let isUp: Bool
  /// What the frame has in it; nil for anything.
  let kind: FrameKind?
  /// Frames of that kind that go through before.
  var countdown: Int
  let position: Position
  /// Whether the other direction goes on.
  let isHalf: Bool
}

/// A connection: two pipes, and a WebSocket at either end.
final class Link {
  /// What the server takes it for.
  enum ServerPhase { case lobby, member, closing, gone }

  let id: Int
  /// The client that opened it.
  let actor: Int
  let delay: Int64
  var up = Pipe()
  var down = Pipe()
  var clientSide: WebSocketConnection
  var serverSide: WebSocketConnection
  var serverPhase = ServerPhase.lobby
  var trap: Trap?
  /// Whether the client still reads from it.
  var isHeld = true
  /// Which of the server's runs it goes to.
  let run: Int
  /// The session that it claims, as the server read it.
  var claimed: SessionStatement?

  init(id: Int, actor: Int, delay: Int64, run: Int) {
    self.id = id
    self.actor = actor
    self.delay = delay
    self.run = run
    clientSide = .client(maskSeed: UInt64(id))
    serverSide = .server()
  }

  var connection: ConnectionID { ConnectionID(UInt64(id)) }
}
