// What OpenSSL takes for a socket: bytes of ours to read, and an array of ours to write to.

internal import COpenSSL

/// The BIO of one engine. Nothing is copied on the way in: OpenSSL reads where the bytes are.
@safe final class Wire {
  /// Owned by this object until an SSL takes it.
  let bio: OpaquePointer
  /// What OpenSSL wrote and nobody took yet.
  var output: [UInt8] = []
  /// Where each write of OpenSSL ends in `output`, for datagrams.
  private var ends: [Int] = []
  private let carriesDatagrams: Bool
  /// Whose cookie OpenSSL asks for; while there is none, it gets none.
  var asking: CookieQuestion?
  /// Bytes to read, valid between ``begin(_:)`` and ``end()``.
  private var input = unsafe UnsafeRawBufferPointer(start: nil, count: 0)

  init(datagrams: Bool = false) {
    carriesDatagrams = datagrams
    guard let bio = unsafe BIO_new(Wire.method) else { preconditionFailure("out of memory") }
    unsafe self.bio = bio
    unsafe BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
    unsafe BIO_set_init(bio, 1)
  }

  /// Lets OpenSSL read `bytes` while `body` runs. What it leaves is lost: it leaves nothing as long
  /// as it is asked until it wants more.
  func feeding<R>(_ bytes: Span<UInt8>, _ body: () -> R) -> R {
    unsafe bytes.withUnsafeBytes { buffer in
      unsafe begin(buffer)
      defer { end() }
      return body()
    }
  }

  func begin(_ bytes: UnsafeRawBufferPointer) { unsafe input = bytes }

  func end() { unsafe input = UnsafeRawBufferPointer(start: nil, count: 0) }

  /// Hands each datagram in `output` to `send`, and forgets them.
  func takeOutput(_ send: (Span<UInt8>, Range<Int>) -> Void) {
    var start = 0
    for end in ends {
      send(output.span, start..<end)
      start = end
    }
    output.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
  }

  private func read(_ target: UnsafeMutableRawPointer, _ capacity: Int) -> Int {
    let count = unsafe min(capacity, input.count)
    guard count > 0, let base = unsafe input.baseAddress else { return 0 }
    unsafe target.copyMemory(from: base, byteCount: count)
    unsafe input = UnsafeRawBufferPointer(rebasing: input[count...])
    return count
  }

  private func write(_ bytes: UnsafeRawBufferPointer) {
    unsafe output.append(contentsOf: bytes)
    if carriesDatagrams { ends.append(output.count) }
  }

  // MARK: Callbacks

  static func of(_ bio: OpaquePointer?) -> Wire? {
    guard let data = unsafe BIO_get_data(bio) else { return nil }
    return unsafe Unmanaged<Wire>.fromOpaque(data).takeUnretainedValue()
  }

  private nonisolated(unsafe) static let method: OpaquePointer? = {
    let method = unsafe BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "parley")
    _ = unsafe BIO_meth_set_read(method) { bio, target, capacity in
      unsafe parley_bio_clear_retry(bio)
      guard let wire = unsafe Wire.of(bio), let target = unsafe target else { return -1 }
      let count = unsafe wire.read(target, Int(capacity))
      if count == 0 { unsafe parley_bio_retry_read(bio) }
      return count == 0 ? -1 : Int32(count)
    }
    _ = unsafe BIO_meth_set_write(method) { bio, source, count in
      guard let wire = unsafe Wire.of(bio), let source = unsafe source else { return -1 }
      unsafe wire.write(UnsafeRawBufferPointer(start: source, count: Int(count)))
      return count
    }
    _ = unsafe BIO_meth_set_ctrl(method) { _, command, _, _ in
      command == BIO_CTRL_FLUSH ? 1 : 0
    }
    return unsafe method
  }()
}
