// The closing handshake, in virtual time, and both roles talking to each other.

import NetTypes
import Testing
import WebSocket

@Suite("Connection")
struct ConnectionTests {
  static let start = Instant(nanoseconds: 1_000_000_000)

  /// The events in `input`, given in one piece.
  func receive(
    _ connection: inout WebSocketConnection, _ input: [UInt8], _ output: inout [UInt8]
  ) -> [Seen] {
    var input = input
    var offset = 0
    var seen: [Seen] = []
    while let event = Seen(connection.receive(&input, at: &offset, output: &output), input) {
      seen.append(event)
    }
    #expect(offset == input.count)
    return seen
  }

  @Test("our close waits for the peer's and takes no message meanwhile")
  func ourClose() {
    var connection = WebSocketConnection.server()
    var output: [UInt8] = []
    #expect(connection.isOpen && connection.nextDeadline == nil)
    let closed = connection.close(
      CloseCode(4002), reason: "slow", now: Self.start, output: &output)
    #expect(closed)
    #expect(output == rawFrame(0x88, closePayload(4002, "slow")))
    #expect(connection.nextDeadline == Self.start + WebSocketLimits.closeWait)
    output = []
    let ignored = masked(0x81, "late") + masked(0x89, "ping") + masked(0x8A)
    let early = receive(&connection, ignored, &output)
    #expect(early.isEmpty && output.isEmpty)
    let late = receive(&connection, masked(0x88, closePayload(4002)), &output)
    #expect(late == [.close(4002, "")])
    #expect(output.isEmpty)
    #expect(connection.state == .closed && connection.nextDeadline == nil)
  }

  @Test("a peer that does not answer our close is given up at the deadline, not before")
  func deadline() {
    var connection = WebSocketConnection.server()
    var output: [UInt8] = []
    let neverEarly = connection.advance(to: .distantFuture)
    #expect(!neverEarly)
    connection.close(.goingAway, now: Self.start, output: &output)
    let due = Self.start + WebSocketLimits.closeWait
    let early = connection.advance(to: Instant(nanoseconds: due.nanoseconds - 1))
    #expect(!early && connection.state == .closing(until: due))
    let late = connection.advance(to: due)
    #expect(late && connection.state == .closed)
    let again = connection.advance(to: due)
    #expect(!again)
  }

  @Test("nothing is sent once a close was sent or received, or the connection failed")
  func sendsNothing() {
    for case let (label, input) in [
      ("ours", []), ("theirs", masked(0x88)), ("fault", [0xFF]),
    ] as [(String, [UInt8])] {
      var connection = WebSocketConnection.server()
      var output: [UInt8] = []
      if label == "ours" { connection.close(.normal, now: Self.start, output: &output) }
      _ = receive(&connection, input, &output)
      output = []
      let payload = bytes("x")
      let sent = connection.send(.text, payload.span, output: &output)
      let pinged = connection.ping(payload.span, output: &output)
      let closed = connection.close(.normal, now: Self.start, output: &output)
      let isOpen = connection.isOpen
      #expect(!sent && !pinged && !closed && !isOpen && output.isEmpty, "\(label)")
    }
  }

  @Test("a fault while we wait for the peer's close is told, but not answered")
  func faultWhileClosing() {
    var connection = WebSocketConnection.server()
    var output: [UInt8] = []
    connection.close(.normal, now: Self.start, output: &output)
    output = []
    let seen = receive(&connection, [0xFF] + masked(0x81, "x"), &output)
    #expect(seen == [.failed(.reservedBit)])
    #expect(output.isEmpty && connection.state == .closed)
  }

  @Test("closes that cross end both sides, with one close frame each")
  func crossing() {
    var server = WebSocketConnection.server()
    var client = WebSocketConnection.client(maskSeed: 1)
    var fromServer: [UInt8] = []
    var fromClient: [UInt8] = []
    server.close(.goingAway, now: Self.start, output: &fromServer)
    client.close(.normal, now: Self.start, output: &fromClient)
    var none: [UInt8] = []
    let atServer = receive(&server, fromClient, &none)
    let atClient = receive(&client, fromServer, &none)
    #expect(atServer == [.close(1000, "")])
    #expect(atClient == [.close(1001, "")])
    #expect(none.isEmpty && server.state == .closed && client.state == .closed)
  }

  @Test("a client masks everything, each frame with a new key, and a server understands it")
  func clientMasks() {
    var client = WebSocketConnection.client(maskSeed: 42)
    var server = WebSocketConnection.server()
    var fromClient: [UInt8] = []
    let payload = bytes("hello")
    for _ in 0..<2 { client.send(.text, payload.span, output: &fromClient) }
    #expect(fromClient[2..<6] != fromClient[13..<17])
    client.ping(payload.span, output: &fromClient)
    var fromServer: [UInt8] = []
    server.send(.binary, payload.span, output: &fromServer)
    server.ping(payload.span, output: &fromServer)
    let atServer = receive(&server, fromClient, &fromServer)
    #expect(atServer == [.text(payload), .text(payload)])
    fromClient = []
    let atClient = receive(&client, fromServer, &fromClient)
    #expect(atClient == [.binary(payload), .pong(payload)])
    let back = receive(&server, fromClient, &fromServer)
    #expect(back == [.pong(payload)])
    client.close(.normal, now: Self.start, output: &fromClient)
  }
}
