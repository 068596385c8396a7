// The language of traces: what clients, peers and time do to a TURN server, in a few bytes each.

import NetTypes
import STUN

/// One step of a trace.
enum TraceStep {
  case datagram([UInt8], client: Int)
  case request(TraceRequest, client: Int)
  case send(peer: Int, payload: Int, client: Int)
  /// - Parameter surplus: bytes behind the payload; negative for a header that promises too much.
  case channelData(UInt16, payload: Int, surplus: Int, client: Int)
  case fromPeer(peer: Int, relay: Int, payload: Int)
  case wait(Duration)
  /// The next relay sockets: a set bit is a port that the system does not give.
  case refusePorts(UInt8)
  /// The kernel did not take what the last step sent.
  case sendFailed
  /// The last request of the client again.
  case retransmit(client: Int)
  /// The client's connection is closed.
  case disconnect(client: Int)
}

/// A request that the client signs, well or badly.
struct TraceRequest {
  enum Signer: Int, CaseIterable { case ann, bob, ticket, wrongPassword, unknown, nobody }
  enum Nonce: Int, CaseIterable { case fresh, foreign, stale, garbage }

  var method: UInt16
  var signer: Signer
  var nonce: Nonce
  var attributes: [TraceAttribute]
  var hasFingerprint: Bool
}

enum TraceAttribute {
  case peer(Int)
  case channel(UInt16)
  case number(Attribute, UInt32)
  case byte(Attribute, UInt8)
  /// The last RESERVATION-TOKEN that anybody got.
  case lastToken
  case raw(UInt16, [UInt8])
}

/// Reads traces. The low half of a step's first byte is its kind, two bits above it the client.
struct TraceReader {
  /// What a trace does beyond these, nobody looks at.
  static let stepsMax = 96

  private static let methods: [UInt16] = [
    3, 4, 8, 9, 1, 10, 11, 6, 7, 12, 2, 0xfff,
  ]
  private static let lifetimes: [UInt32] = [0, 1, 599, 600, 601, 1_200, 3_600, 3_601, .max]
  private static let waits: [Duration] = [
    .milliseconds(1), .milliseconds(250), .seconds(1), .seconds(29), .seconds(31), .seconds(240),
    .seconds(301), .seconds(600), .seconds(3_600), .seconds(86_400),
  ]

  private var input: InputReader
  private var stepsLeft = stepsMax

  init(_ input: [UInt8]) { self.input = InputReader(input) }

  mutating func next() -> TraceStep? {
    guard !input.isAtEnd, stepsLeft > 0 else { return nil }
    stepsLeft -= 1
    let head = input.byte()
    let client = Int(head >> 4 & 3)
    switch head & 0xf {
    case 0: return .datagram(input.bytes(Int(input.byte())), client: client)
    case 2:
      return .send(peer: Int(input.byte()), payload: length(), client: client)
    case 3:
      return .channelData(
        channel(), payload: length(), surplus: Int(Int8(bitPattern: head)) >> 6, client: client)
    case 4: return .fromPeer(peer: Int(input.byte()), relay: Int(input.byte()), payload: length())
    case 5: return .wait(Self.waits[Int(input.byte()) % Self.waits.count])
    case 6: return .refusePorts(input.byte())
    case 7: return .sendFailed
    case 8: return .retransmit(client: client)
    case 9: return .disconnect(client: client)
    default: return .request(request(hasFingerprint: head & 0x80 != 0), client: client)
    }
  }

  private mutating func request(hasFingerprint: Bool) -> TraceRequest {
    let method = Self.methods[Int(input.byte()) % Self.methods.count]
    let who = input.byte()
    let signers = TraceRequest.Signer.allCases
    let nonces = TraceRequest.Nonce.allCases
    let count = Int(input.byte() % 8)
    return TraceRequest(
      method: method, signer: signers[Int(who & 0xf) % signers.count],
      nonce: nonces[Int(who >> 4) % nonces.count], attributes: (0..<count).map { _ in attribute() },
      hasFingerprint: hasFingerprint)
  }

  private mutating func attribute() -> TraceAttribute {
    switch input.byte() % 12 {
    case 0: return .peer(Int(input.byte()))
    case 1: return .channel(channel())
    case 2: return .number(.lifetime, Self.lifetimes[Int(input.byte()) % Self.lifetimes.count])
    case 3: return .number(.requestedTransport, UInt32(input.byte()) << 24)
    case 4: return .number(.requestedAddressFamily, UInt32(input.byte()) << 24)
    case 5: return .byte(.evenPort, input.byte())
    case 6: return .lastToken
    case 7: return .raw(Attribute.dontFragment.rawValue, [])
    case 8: return .number(.additionalAddressFamily, UInt32(input.byte()) << 24)
    case 9: return .raw(Attribute.mobilityTicket.rawValue, input.bytes(Int(input.byte() & 0x1f)))
    case 10: return .number(.connectionID, UInt32(input.byte()))
    default:
      let type = UInt16(input.byte()) << 8 | UInt16(input.byte())
      return .raw(type, input.bytes(Int(input.byte() & 0x3f)))
    }
  }

  /// Sixteen channels that may be bound, and what lies around them.
  private mutating func channel() -> UInt16 {
    let byte = input.byte()
    return byte < 0x40 ? 0x4000 + UInt16(byte & 0xf) : UInt16(byte) << 8 | 0xff
  }

  /// Mostly small, up to more than a UDP datagram of 64 KB has room for with a header.
  private mutating func length() -> Int {
    let byte = Int(input.byte())
    return byte < 0xf8 ? byte : 65_475 + (byte & 7) * 5
  }
}
