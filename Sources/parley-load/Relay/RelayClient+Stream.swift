// A client whose way to the server is a stream, plain or sealed.

internal import EventLoop
internal import NetTypes
internal import STUN

extension RelayClient: ByteStreamHandler {
  func drained(_ stream: ByteStream) {
    guard stage == .connecting else { return }
    guard let cipher = streams?.cipher else { return allocate(now: Clock.now()) }
    stream.secure(by: cipher)
  }

  func established(_ stream: ByteStream) { allocate(now: Clock.now()) }

  func received(on stream: ByteStream) {
    let now = Clock.now()
    var used = 0
    let input = stream.input
    while true {
      guard case .frame(let frame) = StreamFramer.next(in: input.span, from: used) else { break }
      host.received(input.span, frame, on: self, now: now)
      used = frame.upperBound
    }
    if used > 0 && !stream.isClosed { stream.consume(used) }
  }

  func closed(_ stream: ByteStream) { host.disconnected(self, now: Clock.now()) }
}
