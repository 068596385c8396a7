// What clients under test say to each other: a number, and a length that has to arrive whole.

/// A message from one client to another, or to all.
public struct Signal: Hashable, Sendable {
  /// The types that carry a payload.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// An SDP offer.
    case offer
    /// An SDP answer.
    case answer
    /// An ICE candidate.
    case candidate
    /// No more candidates.
    case endOfCandidates = "end-of-candidates"
    /// Anything.
    case message
  }

  /// Its type.
  public var kind: Kind
  /// The peer it goes to; nil for everybody, which only a `message` can.
  public var to: String?
  /// Which one it is; no two of a run are the same.
  public var payload: Int
  /// Bytes that make it longer.
  public var padding: Int

  /// A signal; to everybody without `to`.
  public init(_ kind: Kind, to: String?, payload: Int, padding: Int = 0) {
    precondition(to != nil || kind == .message, "only a message goes to everybody")
    self.kind = kind
    self.to = to
    self.payload = payload
    self.padding = padding
  }

  /// The JSON text with the number `number`.
  public func text(number: Int64) -> [UInt8] {
    let (before, after) =
      switch kind {
      case .offer, .answer: ("\"sdp\":\"", "\"}")
      case .candidate: ("\"candidate\":{\"candidate\":\"", "\",\"sdpMid\":\"0\"}}")
      case .endOfCandidates: ("\"usernameFragment\":\"", "\"}")
      case .message: ("\"data\":\"", "\"}")
      }
    let target = to.map { "\"to\":\"\($0)\"," } ?? ""
    let head = "{\"type\":\"\(kind.rawValue)\",\"seq\":\(number),\(target)\(before)"
    var text = Array("\(head)\(payload) \(padding) ".utf8)
    text.append(contentsOf: repeatElement(Self.filling, count: padding))
    text.append(contentsOf: after.utf8)
    return text
  }

  private static let filling = UInt8(ascii: "x")

  /// The payload of a received message of this kind; nil when it is not as it was sent.
  static func payload(of message: JSONValue, _ kind: Kind) -> Int? {
    let value =
      switch kind {
      case .offer, .answer: message["sdp"]
      case .candidate: message["candidate"]?["candidate"]
      case .endOfCandidates: message["usernameFragment"]
      case .message: message["data"]
      }
    guard let text = value?.text else { return nil }
    let parts = text.utf8.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, let payload = Int(Substring(parts[0])),
      let padding = Int(Substring(parts[1])), parts[2].count == padding,
      parts[2].allSatisfy({ $0 == filling })
    else { return nil }
    return payload
  }
}
