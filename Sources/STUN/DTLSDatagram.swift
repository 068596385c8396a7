// What a datagram on a DTLS port is, told from its record headers alone (RFC 6347 §4.1, RFC 7983).

internal import NetTypes

/// A datagram whose first byte may be DTLS, looked at before anything is spent on it.
public enum DTLSDatagram: Equatable, Sendable {
  /// Begins with a ClientHello in the clear, whose random is at `random`: it may begin a session.
  case clientHello(random: Range<Int>)
  /// Whole records of a session that exists already, or of nobody.
  case records
  /// Not whole records of a DTLS version we could know.
  case malformed

  /// RFC 7983 §7: a first byte of 20 to 63 is DTLS; of these we know the content types 20 to 23.
  /// RFC 5246 §6.2.1: the content type of application data.
  public static let dataType: UInt8 = 23
  private static let contentTypes: ClosedRange<UInt8> = 20...23
  private static let handshakeType: UInt8 = 22
  private static let clientHelloType: UInt8 = 1
  private static let recordHeaderLength = 13
  /// RFC 6347 §4.2.2: type, length, sequence, and offset and length of the fragment.
  private static let messageHeaderLength = 12
  /// RFC 5246 §6.2.3: 2^14 bytes of plaintext and what a cipher adds.
  private static let fragmentMax = 16_384 + 2_048
  /// RFC 6347 §4.1: both DTLS 1.0, which a first ClientHello may name, and 1.2 begin with it.
  private static let versionMajor: UInt8 = 0xfe

  /// Looks at all records of the datagram `bytes[payload]`.
  public init(_ bytes: Span<UInt8>, in payload: Range<Int>) {
    var position = payload.lowerBound
    guard !payload.isEmpty else {
      self = .malformed
      return
    }
    while position < payload.upperBound {
      guard payload.upperBound - position >= Self.recordHeaderLength,
        Self.contentTypes.contains(bytes[position]), bytes[position + 1] == Self.versionMajor
      else {
        self = .malformed
        return
      }
      let length = Int(bytes.uint16(at: position + 11))
      position += Self.recordHeaderLength + length
      guard length > 0, length <= Self.fragmentMax, position <= payload.upperBound else {
        self = .malformed
        return
      }
    }
    self = Self.randomRange(bytes, payload).map { .clientHello(random: $0) } ?? .records
  }

  /// The random of a ClientHello that the first record begins with. The cookie has to be in the
  /// first fragment, so no other fragment begins a session.
  private static func randomRange(_ bytes: Span<UInt8>, _ payload: Range<Int>) -> Range<Int>? {
    let record = payload.lowerBound
    let message = record + recordHeaderLength
    let random = message + messageHeaderLength + 2..<message + messageHeaderLength + 34
    let length = Int(bytes.uint16(at: record + 11))
    let epoch = bytes.uint16(at: record + 3)
    guard bytes[record] == handshakeType, epoch == 0, random.upperBound <= message + length,
      bytes[message] == clientHelloType
    else { return nil }
    let offset = (6..<9).reduce(0) { $0 << 8 | Int(bytes[message + $1]) }
    return offset == 0 ? random : nil
  }
}
