// What the tests of WebSocket share: raw frames, decoding in pieces, seeded randomness.

import NetTypes
import WebSocket

/// The bytes of `text`.
func bytes(_ text: String) -> [UInt8] { [UInt8](text.utf8) }

/// A frame written out by hand, apart from the encoder: `first` is FIN, RSV and opcode.
func rawFrame(_ first: UInt8, _ payload: [UInt8] = [], mask: [UInt8]? = nil) -> [UInt8] {
  var frame = [first]
  let maskBit: UInt8 = mask == nil ? 0 : 0x80
  if payload.count < 126 {
    frame.append(maskBit | UInt8(payload.count))
  } else if payload.count < 65_536 {
    frame += [maskBit | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
  } else {
    frame.append(maskBit | 127)
    for shift in stride(from: 56, through: 0, by: -8) {
      frame.append(UInt8(payload.count >> shift & 0xFF))
    }
  }
  guard let mask else { return frame + payload }
  return frame + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] }
}

/// A client's frame with a fixed mask.
func masked(_ first: UInt8, _ payload: [UInt8] = []) -> [UInt8] {
  rawFrame(first, payload, mask: [0x37, 0xFA, 0x21, 0x3D])
}

func masked(_ first: UInt8, _ payload: String) -> [UInt8] { masked(first, bytes(payload)) }

/// A close frame's payload.
func closePayload(_ code: UInt16, _ reason: String = "") -> [UInt8] {
  [UInt8(code >> 8), UInt8(code & 0xFF)] + bytes(reason)
}

/// An event with its payload as bytes, so that events compare however the input was cut.
enum Seen: Equatable {
  case text([UInt8])
  case binary([UInt8])
  case ping([UInt8])
  case pong([UInt8])
  case close(UInt16?, String)
  case failed(WebSocketFault)

  init?(_ event: FrameEvent, _ input: [UInt8]) {
    switch event {
    case .needMore: return nil
    case .message(let message): self.init(message, input)
    case .ping(let payload): self = .ping(payload.bytes(in: input.span))
    case .pong(let payload): self = .pong(payload.bytes(in: input.span))
    case .close(let code, let reason): self = .close(code?.rawValue, reason)
    case .failed(let fault): self = .failed(fault)
    }
  }

  init?(_ event: ConnectionEvent, _ input: [UInt8]) {
    switch event {
    case .needMore: return nil
    case .message(let message): self.init(message, input)
    case .pong(let payload): self = .pong(payload.bytes(in: input.span))
    case .closed(let code, let reason): self = .close(code?.rawValue, reason)
    case .failed(let fault): self = .failed(fault)
    }
  }

  private init(_ message: Message, _ input: [UInt8]) {
    let payload = message.payload.bytes(in: input.span)
    self = message.kind == .text ? .text(payload) : .binary(payload)
  }
}

/// The pieces of `input` that end at `cuts`, which ascend.
func pieces(_ input: [UInt8], cutAt cuts: [Int]) -> [[UInt8]] {
  var start = 0
  return (cuts + [input.count]).map { end in
    defer { start = end }
    return Array(input[start..<end])
  }
}

/// What a decoder sees in `input` when it arrives in pieces.
func decode(
  _ input: [UInt8], cutAt cuts: [Int] = [], role: WebSocketRole = .server,
  messageBytesMax: Int = WebSocketLimits.messageBytesMax
) -> [Seen] {
  var decoder = FrameDecoder(role: role, messageBytesMax: messageBytesMax)
  var seen: [Seen] = []
  for piece in pieces(input, cutAt: cuts) {
    var piece = piece
    var offset = 0
    while let event = Seen(decoder.next(in: &piece, at: &offset), piece) { seen.append(event) }
    if offset != piece.count { seen.append(.failed(.reservedOpcode)) }
  }
  return seen
}

/// What a server's connection sees in `input` and sends, when it arrives in pieces.
func receive(_ input: [UInt8], cutAt cuts: [Int] = []) -> (seen: [Seen], output: [UInt8]) {
  var connection = WebSocketConnection.server()
  var seen: [Seen] = []
  var output: [UInt8] = []
  for piece in pieces(input, cutAt: cuts) {
    var piece = piece
    var offset = 0
    while let event = Seen(connection.receive(&piece, at: &offset, output: &output), piece) {
      seen.append(event)
    }
  }
  return (seen, output)
}

/// Where to cut `input`: everywhere, but thinned out in the middle of a long one, where there is
/// nothing but payload.
func cutPlaces(_ input: [UInt8]) -> [Int] {
  guard input.count > 1_000 else { return Array(0...input.count) }
  let middle = stride(from: 20, to: input.count - 20, by: input.count / 11)
  return Array(0...20) + middle + Array(input.count - 20...input.count)
}

/// SplitMix64, so that a seed tells the whole test.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
