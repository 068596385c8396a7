// Writing for whoever keeps what a stream does not take, and can not be called meanwhile.

internal import CLinux

extension ByteStream {
  /// The socket has not taken all that it was given; ``ByteStreamHandler/drained(_:)`` tells when
  /// it has.
  public var isBlocked: Bool { wantsWrite }

  /// Writes of `bytes[range]`, behind what was queued, what the socket takes now, and calls nobody.
  ///
  /// - Returns: how many bytes that was. With fewer than all the stream ``isBlocked``, and the rest
  ///   is still the caller's. `nil`: the socket has failed, and the caller is to close the stream.
  public func offer(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
    guard takesOutput else { return range.count }
    guard offerQueued() else { return nil }
    guard !wantsWrite else { return 0 }
    let count = unsafe bytes.extracting(range).withUnsafeBufferPointer { buffer in
      unsafe parley_write(descriptor, buffer.baseAddress, buffer.count)
    }
    guard count >= 0 || count == -11 else { return nil }
    let taken = max(0, count)
    if taken < range.count { awaitRoom() }
    return taken
  }

  /// ``push()`` that calls nobody. `false`: the socket has failed, and the caller is to close the
  /// stream.
  public func offerQueued() -> Bool {
    guard !isClosed, !wantsWrite, queuedBytes > 0 else { return true }
    guard writeQueued() else { return false }
    if queuedBytes > 0 { awaitRoom() }
    return true
  }
}
