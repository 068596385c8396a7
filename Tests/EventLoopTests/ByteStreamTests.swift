// Streams over real sockets on loopback: connecting, buffering, closing.

import EventLoop
import NetTypes
import Synchronization
import Testing

/// Notes what a stream tells, and stops the loop when the test has seen enough.
private final class Recorder: ByteStreamHandler {
  var events: [String] = []
  /// What most handlers do.
  var closesAtEnd = true
  var onEvent: (String, ByteStream) -> Void = { _, _ in }

  func received(on stream: ByteStream) { note("received \(stream.input.count)", stream) }
  func closed(_ stream: ByteStream) { note("closed", stream) }
  func drained(_ stream: ByteStream) { note("drained", stream) }
  func ended(_ stream: ByteStream) {
    note("ended", stream)
    if closesAtEnd { stream.close() }
  }

  private func note(_ event: String, _ stream: ByteStream) {
    events.append(event)
    onEvent(event, stream)
  }
}

/// A cipher that puts brackets around each piece that it seals.
private final class Brackets: StreamCipher {
  let progress = CipherProgress.established

  func open(
    _ ciphertext: Span<UInt8>, into plaintext: inout [UInt8], answering output: inout [UInt8]
  ) {}

  func sealedCount(_ count: Int) -> Int { count + 2 }

  func seal(_ plaintext: Span<UInt8>, into output: inout [UInt8]) {
    output.append(0x5B)
    for index in plaintext.indices { output.append(plaintext[index]) }
    output.append(0x5D)
  }

  func close(into output: inout [UInt8]) {}
}

/// A listener whose last accepted stream tells a recorder.
private final class Accepting {
  private(set) var stream: ByteStream?
  private var listener: Listener?

  init(on loop: EventLoop, _ handler: Recorder) throws {
    listener = try Listener(.tcp(SocketAddress(.loopbackV4, port: 0)), on: loop) {
      [unowned self] descriptor, peer in
      stream = try? ByteStream(
        descriptor: descriptor, peer: peer, on: loop, inputMax: 1_024, outputMax: 1_024)
      stream?.handler = handler
    }
  }

  var address: SocketAddress? { listener?.address }

  func close() { listener?.close() }
}

struct ByteStreamTests {
  private func stream(
    to address: SocketAddress, on loop: EventLoop, outputMax: Int = 1_024
  ) throws -> ByteStream {
    try ByteStream(connect: address, on: loop, inputMax: 1_024, outputMax: outputMax)
  }

  @Test func `a refused connection is closed, and never said to be there`() throws {
    let loop = try EventLoop()
    let listener = try Listener(.tcp(SocketAddress(.loopbackV4, port: 0)), on: loop) { _, _ in }
    let address = try #require(listener.address)
    listener.close()
    let recorder = Recorder()
    recorder.onEvent = { _, _ in loop.stop() }
    let stream = try stream(to: address, on: loop)
    stream.handler = recorder
    loop.run()
    #expect(recorder.events == ["closed"])
    #expect(stream.isClosed)
  }

  @Test func `bytes arrive, what is not consumed stays, and the end is told once`() throws {
    let loop = try EventLoop()
    let server = Recorder()
    let accepting = try Accepting(on: loop, server)
    defer { accepting.close() }
    server.onEvent = { event, stream in
      if event == "received 5" {
        stream.consume(2)
        #expect(stream.input == [3, 4, 5])
        stream.send([9])
        stream.closeAfterWriting()
      }
    }
    let client = Recorder()
    client.onEvent = { event, stream in
      if event == "drained" { stream.send([1, 2, 3, 4, 5]) }
      if event == "closed" { loop.stop() }
    }
    let stream = try stream(to: try #require(accepting.address), on: loop)
    stream.handler = client
    loop.run()
    #expect(client.events == ["drained", "received 1", "ended", "closed"])
    #expect(server.events == ["received 5", "closed"])
  }

  @Test func `a side that has ended still reads, and the stream closes when both have`() throws {
    let loop = try EventLoop()
    let server = Recorder()
    server.closesAtEnd = false
    let accepting = try Accepting(on: loop, server)
    defer { accepting.close() }
    server.onEvent = { event, stream in
      guard event == "ended" else { return }
      #expect(stream.input == [1] && stream.hasEnded && !stream.isClosed)
      stream.send([2, 3])
      stream.closeAfterWriting()
    }
    let client = Recorder()
    client.onEvent = { event, stream in
      if event == "drained" {
        stream.send([1])
        stream.endAfterWriting()
        // Too late, and dropped.
        #expect(stream.send([9]))
      }
      if event == "closed" { loop.stop() }
    }
    let stream = try stream(to: try #require(accepting.address), on: loop)
    stream.handler = client
    loop.run()
    #expect(client.events == ["drained", "received 2", "ended", "closed"])
    #expect(server.events == ["received 1", "ended", "closed"])
  }

  @Test func `what would pass the limit of the queue is refused whole`() throws {
    let loop = try EventLoop()
    let listener = try Listener(.tcp(SocketAddress(.loopbackV4, port: 0)), on: loop) { _, _ in }
    defer { listener.close() }
    let stream = try stream(to: try #require(listener.address), on: loop, outputMax: 10)
    // Not connected yet, so nothing is written.
    #expect(stream.send([UInt8](repeating: 1, count: 10)))
    #expect(!stream.send([1]))
    #expect(stream.queuedBytes == 10)
    stream.close()
  }

  @Test func `what is enqueued in pieces is sealed in pieces, and leaves when pushed`() throws {
    let loop = try EventLoop()
    let server = Recorder()
    let accepting = try Accepting(on: loop, server)
    defer { accepting.close() }
    server.onEvent = { _, _ in loop.stop() }
    let client = Recorder()
    client.onEvent = { event, stream in
      guard event == "drained", stream.queuedBytes == 0, client.events.count == 1 else { return }
      stream.secure(by: Brackets())
      let bytes: [UInt8] = [1, 2, 3, 4]
      #expect(stream.enqueue(bytes.span, 0..<2) && stream.enqueue(bytes.span, 2..<4))
      #expect(stream.queuedBytes == 8)
      stream.push()
      #expect(stream.queuedBytes == 0)
    }
    let stream = try stream(to: try #require(accepting.address), on: loop)
    stream.handler = client
    loop.run()
    #expect(accepting.stream?.input == [0x5B, 1, 2, 0x5D, 0x5B, 3, 4, 0x5D])
  }

  @Test func `a stream that moves is let alone by its new loop until the old one lets go`() throws {
    let loop = try EventLoop()
    let other = try EventLoop(index: 1)
    let thread = try LoopThread(other, name: "other")
    defer { thread.stopAndJoin() }
    let hasArrived = Mutex(false)
    let server = Recorder()
    let accepting = try Accepting(on: loop, server)
    defer { accepting.close() }
    server.onEvent = { event, stream in
      guard event == "received 1" else { return }
      stream.move(to: other) { _ in
        hasArrived.withLock { $0 = true }
        loop.stop()
      }
      // Many times what the other thread takes to wake.
      let start = ContinuousClock.now
      while ContinuousClock.now - start < .milliseconds(50) {}
      #expect(!hasArrived.withLock { $0 })
    }
    let client = Recorder()
    client.onEvent = { event, stream in
      if event == "drained" { stream.send([1]) }
    }
    let stream = try stream(to: try #require(accepting.address), on: loop)
    stream.handler = client
    loop.run()
    #expect(hasArrived.withLock { $0 })
    withExtendedLifetime(accepting) {}
  }

  @Test func `jobs run on the loop in the order they were submitted`() throws {
    let loop = try EventLoop()
    let seen = Mutex<[Int]>([])
    for number in 0..<3 { loop.submit { seen.withLock { $0.append(number) } } }
    loop.submit { loop.stop() }
    loop.run()
    #expect(seen.withLock { $0 } == [0, 1, 2])
  }
}
