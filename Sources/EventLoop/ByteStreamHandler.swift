// What a stream tells whoever speaks a protocol over it.

/// Whoever speaks a protocol over a ``ByteStream``. Called on the stream's loop only.
public protocol ByteStreamHandler: AnyObject {
  /// `stream.input` has grown.
  func received(on stream: ByteStream)
  /// The peer sends nothing more; what is sent to it may still reach it.
  func ended(_ stream: ByteStream)
  /// The socket is closed, by either side or by failure; nothing more will be called.
  func closed(_ stream: ByteStream)
  /// The socket is connected (streams opened by us), or everything queued has been written.
  func drained(_ stream: ByteStream)
  /// The handshake of the stream's cipher is done: now it can be written to.
  func established(_ stream: ByteStream)
  /// The socket does not take what there is for it; see ``ByteStream/stalledSince``.
  func stalled(_ stream: ByteStream)
}

extension ByteStreamHandler {
  /// For those who need not know.
  public func established(_ stream: ByteStream) {}
  /// For those who need not know.
  public func stalled(_ stream: ByteStream) {}
  /// For those who have nothing to say to who does not answer: closes.
  public func ended(_ stream: ByteStream) { stream.closeAsPeerDid() }
}
