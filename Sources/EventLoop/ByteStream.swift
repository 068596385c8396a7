// A connected stream socket on a loop: what was read and not yet used, and what waits to be
// written.

internal import CLinux
public import NetTypes

/// A stream socket with bounded buffers. It belongs to one loop at a time.
public final class ByteStream: EventHandler, @unchecked Sendable {
  /// Bytes that a cipher may queue for its handshake, besides those of the handler: the longest
  /// chain of certificates that clients take, and more.
  private static let handshakeBytesMax = 131_072

  /// Received bytes that the handler has not consumed, decrypted where there is a cipher.
  public private(set) var input: [UInt8] = []
  /// Bytes that wait for the socket to take them.
  public var queuedBytes: Int { output.count - written }
  /// Bytes of memory that it holds for what was received and what is to be sent.
  var bufferBytes: Int { input.capacity + output.capacity }
  /// The most that ``send(_:)`` takes now, once the handshake of a cipher is done.
  public var room: Int {
    let free = outputMax - queuedBytes
    guard let cipher, free > 0 else { return free }
    return 2 * free - cipher.sealedCount(free)
  }
  public let peer: SocketAddress?
  /// Who is told what happens; let go of with the end of the stream.
  public var handler: (any ByteStreamHandler)?
  public private(set) var isClosed = false
  /// Nothing more comes from the peer.
  public private(set) var hasEnded = false

  /// Since when the socket has taken nothing of what waits; nil while nothing waits.
  public private(set) var stalledSince: Instant?

  private var output: [UInt8] = []
  private var written = 0
  private(set) var descriptor: Int32
  private var loop: EventLoop
  private var registration: EventLoop.Registration?
  private var closesWhenDrained = false
  /// Nothing more is sent than what is queued; reading goes on.
  private var endsWhenDrained = false
  private var isConnecting = false
  private(set) var wantsWrite = false
  private var readsPaused = false
  private var cipher: (any StreamCipher)?
  private var inputMax: Int
  private var outputMax: Int
  /// Where the bytes that wait are counted, and how many of them are.
  private var total: QueueTotal?
  private var counted = 0
  /// What the loop's ``FlushQueue`` knows of this stream.
  var flushEntry = FlushQueue.Entry()
  private var receivesAgain = false

  /// Takes over an accepted descriptor.
  ///
  /// - Parameters:
  ///   - inputMax: reading pauses while this many bytes are not consumed. A cipher can yield one
  ///     record (16 KiB for TLS) more at once.
  ///   - outputMax: ``send(_:)`` refuses what would pass this.
  public init(
    descriptor: Int32, peer: SocketAddress?, on loop: EventLoop, inputMax: Int, outputMax: Int
  ) throws(SystemError) {
    self.descriptor = descriptor
    self.peer = peer
    self.loop = loop
    self.inputMax = inputMax
    self.outputMax = outputMax
    try watch(interest)
  }

  /// Opens a connection; `handler.drained` says when it is there.
  ///
  /// - Parameter source: the address it leaves from; it may be that of a ``SharedPort``.
  public init(
    connect target: SocketAddress, from source: SocketAddress? = nil, on loop: EventLoop,
    inputMax: Int, outputMax: Int
  ) throws(SystemError) {
    var to = target.raw
    var from = source?.raw ?? parley_address()
    descriptor = try SystemError.check(
      unsafe parley_tcp_connect(&to, &from), "connect", target.text)
    peer = target
    self.loop = loop
    self.inputMax = inputMax
    self.outputMax = outputMax
    isConnecting = true
    wantsWrite = true
    try watch(interest)
  }

  /// Opens a connection to a Unix socket; `handler.drained` says when it can be written to.
  public init(
    connectUnix path: String, on loop: EventLoop, inputMax: Int, outputMax: Int
  ) throws(SystemError) {
    descriptor = try SystemError.check(unsafe parley_unix_connect(path), "connect unix", path)
    peer = nil
    self.loop = loop
    self.inputMax = inputMax
    self.outputMax = outputMax
    isConnecting = true
    wantsWrite = true
    try watch(interest)
  }

  /// Sets how much may wait on either side, for whoever takes the stream over.
  ///
  /// - Parameter total: counts what waits to be written, among that of other streams.
  public func limit(inputMax: Int, outputMax: Int, countedIn total: QueueTotal? = nil) {
    self.inputMax = inputMax
    self.outputMax = outputMax
    self.total?.changed(by: -counted)
    counted = 0
    self.total = total
    countQueue()
  }

  /// Short queues that are about to be written are not worth telling all loops of.
  private func countQueue() {
    let queued = queuedBytes
    if counted == 0 && queued < QueueTotal.countedMin || queued == counted { return }
    total?.changed(by: queued - counted)
    counted = queued
  }

  /// Keeps the kernel from queueing more than about `bytes` that it can not send yet: what waits is
  /// to wait here, where it is counted and bounded.
  public func limitUnsent(bytes: Int) { parley_limit_unsent(descriptor, Int32(bytes)) }

  /// The address of our end, where there is one.
  public var localAddress: SocketAddress? {
    var local = parley_address()
    unsafe parley_local_address(descriptor, &local)
    return SocketAddress(local)
  }

  private func watch(_ interest: Readiness) throws(SystemError) {
    do {
      registration = try loop.register(descriptor, for: interest, handler: self)
    } catch {
      parley_close(descriptor)
      isClosed = true
      throw error
    }
  }

  private var interest: Readiness {
    var interest: Readiness = []
    if !readsPaused && !closesWhenDrained && !hasEnded { interest.insert(.readable) }
    if wantsWrite { interest.insert(.writable) }
    return interest
  }

  private func updateInterest() {
    if let registration { loop.setInterest(interest, of: registration) }
  }

  // MARK: Events

  public func ready(_ readiness: Readiness, now: Instant) {
    if isConnecting {
      // A refused connection is writable too; only the socket itself tells the difference.
      guard parley_socket_error(descriptor) == 0 else { return close() }
      isConnecting = false
    }
    // The socket has failed while nobody reads: it would be told again, and again.
    if (readsPaused || hasEnded) && !readiness.isDisjoint(with: .ended) { return close() }
    if readiness.contains(.writable) { flush() }
    if !isClosed && !readiness.isDisjoint(with: [.readable, .ended]) {
      if closesWhenDrained {
        if !readiness.isDisjoint(with: .ended) { close() }
      } else {
        read()
      }
    }
  }

  private func read() {
    // What came before is used first; so the end of the stream is not told ahead of it either.
    guard !receivesAgain else { return }
    let before = input.count
    // No more at one readiness than the scratch holds: one talker must not starve the others.
    let room = min(loop.scratch.capacity, inputMax - before)
    guard room > 0 else { return pauseReading() }
    let wasHandshaking = cipher?.progress == .handshaking
    loop.buffers.lend(to: &input)
    let count = unsafe loop.scratch.withBuffer { buffer in
      let count = unsafe parley_read(descriptor, buffer.baseAddress, room)
      if count > 0 {
        let bytes = unsafe UnsafeBufferPointer(rebasing: buffer[..<count])
        if let cipher {
          unsafe cipher.open(bytes.span, into: &input, answering: &output)
        } else {
          unsafe input.append(contentsOf: bytes)
        }
      }
      return count
    }
    switch count {
    case 1...:
      if let cipher {
        opened(by: cipher, wasHandshaking: wasHandshaking, before: before)
      } else {
        handler?.received(on: self)
      }
      if !isClosed && input.count >= inputMax { pauseReading() }
    case 0: inputEnded()
    case -11: if input.isEmpty { returnInput() }
    default: close()
    }
  }

  private func inputEnded() {
    guard !hasEnded, let handler else { return close() }
    hasEnded = true
    updateInterest()
    handler.ended(self)
  }

  func closeAsPeerDid() { cipher == nil ? close() : closeAfterWriting() }

  private func pauseReading() {
    guard !readsPaused else { return }
    readsPaused = true
    updateInterest()
  }

  /// Forgets the first `count` bytes of ``input``.
  public func consume(_ count: Int) {
    if count == input.count {
      returnInput()
    } else {
      input.removeFirst(count)
    }
    if readsPaused && input.count < inputMax && !isClosed {
      readsPaused = false
      updateInterest()
    }
  }

  /// While it moves, the loop it moves to must not be touched.
  private func returnInput() {
    if registration != nil { loop.buffers.takeBack(&input) } else { input = [] }
  }

  /// Has the loop tell the handler of ``input`` again, after others had their turn: for whoever
  /// stops before all of it is used.
  public func receiveAgainSoon() {
    guard !isClosed, registration != nil, !receivesAgain else { return }
    receivesAgain = true
    loop.waiting.append(self)
  }

  /// The loop keeps the promise of ``receiveAgainSoon()``.
  func receiveAgain() {
    receivesAgain = false
    if !isClosed && !input.isEmpty { handler?.received(on: self) }
  }

  /// Hands out ``input`` for use in place, and takes back what is left of it.
  public func withInput<R>(_ body: (inout [UInt8]) -> R) -> R {
    // Nobody but us may hold the memory when it is given back, or it is copied.
    var taken: [UInt8] = []
    swap(&input, &taken)
    let result = body(&taken)
    swap(&input, &taken)
    consume(0)
    return result
  }

  // MARK: Cipher

  /// From here on the wire is `cipher`'s: what ``input`` holds already is its first ciphertext, and
  /// the handler sees plaintext. Calls the handler as if that had just been received.
  public func secure(by cipher: any StreamCipher) {
    guard !isClosed, !closesWhenDrained else { return }
    self.cipher = cipher
    let received = input
    consume(received.count)
    cipher.open(received.span, into: &input, answering: &output)
    opened(by: cipher, wasHandshaking: true, before: 0)
  }

  /// Tells the handler what has become of what was just read.
  private func opened(by cipher: any StreamCipher, wasHandshaking: Bool, before: Int) {
    // Whoever has us answer more than he reads is no client of ours.
    guard queuedBytes <= outputMax + Self.handshakeBytesMax else { return close() }
    if queuedBytes > 0 && !wantsWrite { flush() }
    if !isClosed && wasHandshaking && cipher.progress != .handshaking && cipher.progress != .failed
    {
      handler?.established(self)
    }
    if !isClosed && input.count > before { handler?.received(on: self) }
    switch cipher.progress {
    case .handshaking, .established: break
    case .ended: if !isClosed && !hasEnded { inputEnded() }
    case .failed: closeAfterWriting()
    }
  }

  // MARK: Writing

  var takesOutput: Bool { !isClosed && !closesWhenDrained && !endsWhenDrained }

  /// Writes now what the socket takes and queues the rest. `false`: the queue would pass its limit,
  /// or the handshake of the cipher is not done; nothing of `bytes` was taken.
  @discardableResult
  public func send(_ bytes: [UInt8]) -> Bool {
    guard takesOutput else { return true }
    return send(bytes.span, 0..<bytes.count)
  }

  /// ``send(_:)`` of a part of a buffer, of which only what the socket does not take is copied, or
  /// what a cipher makes of it.
  @discardableResult
  public func send(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard takesOutput else { return true }
    if cipher != nil {
      guard enqueue(bytes, range) else { return false }
      push()
      return true
    }
    guard queuedBytes + range.count <= outputMax else { return false }
    var rest = range
    if !wantsWrite && output.isEmpty {
      let count = unsafe bytes.extracting(range).withUnsafeBufferPointer { buffer in
        unsafe parley_write(descriptor, buffer.baseAddress, buffer.count)
      }
      guard count >= 0 || count == -11 else {
        close()
        return true
      }
      rest = range.lowerBound + max(0, count)..<range.upperBound
    }
    guard !rest.isEmpty else { return true }
    borrowOutput()
    output.append(bytes, rest)
    if wantsWrite { countQueue() } else { flush() }
    return true
  }

  /// What `count` bytes take in the queue, at most: a cipher adds to them.
  public func queuedCount(of count: Int) -> Int { cipher?.sealedCount(count) ?? count }

  /// Puts bytes behind those that wait, sealed apart from them, to be written with ``push()``.
  /// `false` as for ``send(_:)``.
  public func enqueue(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard takesOutput else { return true }
    guard queuedBytes + queuedCount(of: range.count) <= outputMax else { return false }
    if let cipher {
      guard cipher.progress == .established || cipher.progress == .ended else { return false }
      borrowOutput()
      cipher.seal(bytes.extracting(range), into: &output)
    } else {
      borrowOutput()
      output.append(bytes, range)
    }
    countQueue()
    return true
  }

  private func borrowOutput() {
    if registration != nil { loop.buffers.lend(to: &output) }
  }

  /// Writes what was enqueued, as far as the socket takes it.
  public func push() {
    if !isClosed && !wantsWrite && queuedBytes > 0 { flush() }
  }

  /// Has the loop call ``push()`` once it has handled what is ready now, so that what is enqueued
  /// in one turn costs one system call.
  public func pushSoon(_ urgency: FlushUrgency = .prompt) {
    guard !isClosed, registration != nil, !wantsWrite, queuedBytes > 0 else { return }
    loop.flushes.add(self, urgency)
  }

  private func flush() {
    guard writeQueued() else { return close() }
    let drained = output.isEmpty
    if wantsWrite == drained {
      wantsWrite = !drained
      updateInterest()
      let isOpen = cipher?.progress != .handshaking
      if drained && takesOutput && isOpen { handler?.drained(self) }
      if !drained { handler?.stalled(self) }
    }
    guard drained, !isClosed else { return }
    if closesWhenDrained {
      close()
    } else if endsWhenDrained {
      parley_end_output(descriptor)
    }
  }

  /// Writes what waits, as far as the socket takes it; `false`: the socket has failed.
  func writeQueued() -> Bool {
    let before = written
    while written < output.count {
      let count = unsafe output.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return 0 }
        return unsafe parley_write(descriptor, base + written, buffer.count - written)
      }
      if count == -11 { break }
      guard count >= 0 else { return false }
      written += count
    }
    if written == output.count {
      stalledSince = nil
      if registration != nil { loop.buffers.takeBack(&output) } else { output = [] }
      written = 0
    } else {
      if written > before || stalledSince == nil { stalledSince = loop.now }
      if written > 65_536 {
        output.removeFirst(written)
        written = 0
      }
    }
    countQueue()
    return true
  }

  /// The socket has not taken everything: tells when it takes more.
  func awaitRoom() {
    stalledSince = stalledSince ?? loop.now
    wantsWrite = true
    updateInterest()
  }

  // MARK: Ending

  /// Closes once everything queued is written, and a cipher's announcement of it; nothing more is
  /// read.
  public func closeAfterWriting() {
    guard !isClosed, !closesWhenDrained else { return }
    closesWhenDrained = true
    if !endsWhenDrained { cipher?.close(into: &output) }
    if queuedBytes > 0 && !wantsWrite { flush() }
    guard !isClosed else { return }
    if queuedBytes == 0 { return close() }
    updateInterest()
  }

  /// Tells the peer, once everything queued is written, that nothing more comes, and reads on: who
  /// closes while bytes are unread takes the last answer back (RFC 9112 §9.6). When to close is the
  /// handler's business.
  public func endAfterWriting() {
    guard takesOutput else { return }
    endsWhenDrained = true
    cipher?.close(into: &output)
    if queuedBytes == 0 { return parley_end_output(descriptor) }
    if !wantsWrite { flush() }
  }

  /// Closes now.
  public func close() {
    guard !isClosed else { return }
    isClosed = true
    cipher = nil
    if let registration { loop.deregister(registration) }
    registration = nil
    parley_close(descriptor)
    output = []
    written = 0
    countQueue()
    let handler = self.handler
    self.handler = nil
    handler?.closed(self)
  }

  /// Leaves this loop for `target`, with all buffers, and goes on there with `arrived`. Nothing is
  /// read or written on the way.
  public func move(to target: EventLoop, arrived: @escaping @Sendable (ByteStream) -> Void) {
    guard !isClosed else { return }
    if let registration { loop.deregister(registration) }
    registration = nil
    loop.flushes.remove(self)
    if receivesAgain { loop.waiting.removeAll { $0 === self } }
    receivesAgain = false
    let origin = loop
    loop = target
    // Not before this loop has unwound: the event that leads here looks at the stream once more.
    origin.submit { target.submit { self.arrive(arrived) } }
  }

  private func arrive(_ arrived: (ByteStream) -> Void) {
    do throws(SystemError) {
      try watch(interest)
      push()
      if !isClosed { arrived(self) }
    } catch {
      let handler = self.handler
      self.handler = nil
      handler?.closed(self)
    }
  }
}
