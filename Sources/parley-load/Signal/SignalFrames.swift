// What a peer of a signaling run says besides its messages (Docs/protocol.md).

internal import JSON

enum SignalFrames {
  static let subprotocol = "parley.v1"
  private static let arrival = Array(#""state":"joined""#.utf8)

  static func join(room: String, name: String) -> [UInt8] {
    frame("join", seq: 1) {
      $0.key("room")
      $0.string(room)
      $0.key("name")
      $0.string(name)
    }
  }

  /// How many members came, by a `presence`; within a string the quotes would be escaped.
  static func arrivals(in text: Span<UInt8>) -> Int {
    var matched = 0
    var count = 0
    for index in text.indices {
      let byte = text[index]
      matched = byte == arrival[matched] ? matched + 1 : byte == arrival[0] ? 1 : 0
      if matched == arrival.count {
        count += 1
        matched = 0
      }
    }
    return count
  }

  /// Comes back to a session.
  ///
  /// - Parameters:
  ///   - seq: the last number used.
  ///   - session: its newest secret.
  ///   - ack: the last number received.
  static func resume(seq: Int, room: String, session: String, ack: Int) -> [UInt8] {
    frame("join", seq: seq) {
      $0.key("room")
      $0.string(room)
      $0.key("resume")
      $0.beginObject()
      $0.key("session")
      $0.string(session)
      $0.key("ack")
      $0.integer(ack)
      $0.endObject()
    }
  }

  /// A message that is not one of ``MessageForm``.
  static func message(seq: Int, to: String, data: String) -> [UInt8] {
    frame("message", seq: seq) {
      $0.key("to")
      $0.string(to)
      $0.key("data")
      $0.string(data)
    }
  }

  static func ping(seq: Int, ack: Int) -> [UInt8] {
    frame("ping", seq: seq) {
      $0.key("ack")
      $0.integer(ack)
    }
  }

  static func leave(seq: Int) -> [UInt8] { frame("leave", seq: seq) { _ in } }

  /// Text that differs from sender to sender.
  static func padding(_ bytes: Int, sender: Int) -> String {
    let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
    let text = (0..<bytes).map { letters[($0 + sender * 7) % letters.count] }
    return String(decoding: text, as: UTF8.self)
  }

  private static func frame(
    _ type: String, seq: Int, _ members: (inout JSONWriter) -> Void
  ) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("type")
    writer.string(type)
    writer.key("seq")
    writer.integer(seq)
    members(&writer)
    writer.endObject()
    return writer.bytes
  }
}
