// The seam between a stream's socket and the encryption on it: bytes in, bytes out, no I/O.

/// How far a ``StreamCipher`` has come.
public enum CipherProgress: Equatable, Sendable {
  case handshaking
  /// Plaintext passes both ways.
  case established
  /// The other side has said that nothing more comes from it.
  case ended
  /// What came is not what the protocol allows: there is an alert to be sent, and nothing more.
  case failed
}

/// Encrypts one stream. Given to ``ByteStream/secure(by:)``, it is used by one thread at a time.
public protocol StreamCipher: AnyObject {
  var progress: CipherProgress { get }

  /// Takes bytes of the wire, cut anywhere; none at all begin the handshake of a client.
  ///
  /// - Parameters:
  ///   - plaintext: what they hold is appended.
  ///   - output: what has to be sent because of them (handshake, alerts) is appended.
  func open(
    _ ciphertext: Span<UInt8>, into plaintext: inout [UInt8], answering output: inout [UInt8])

  /// At most this many bytes go to the wire for `count` bytes of plaintext.
  func sealedCount(_ count: Int) -> Int

  /// Appends `plaintext`, sealed, to `output`. To be called while ``progress`` is established.
  func seal(_ plaintext: Span<UInt8>, into output: inout [UInt8])

  /// Appends the announcement that nothing more comes from us, once.
  func close(into output: inout [UInt8])
}
