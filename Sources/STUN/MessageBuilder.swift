// Writing a STUN message into a buffer that is used again.

internal import Crypto
public import NetTypes

/// Appends header and attributes in order; ``finish(integrityKey:fingerprint:)`` closes the
/// message.
public struct MessageBuilder {
  /// The message so far, its length field up to date after ``finish(integrityKey:fingerprint:)``.
  public private(set) var bytes: [UInt8] = []
  private var id = TransactionID(high: 0, low: 0)

  public init() { bytes.reserveCapacity(1_024) }

  /// Forgets what was written and starts a new message.
  public mutating func begin(_ type: MessageType, _ id: TransactionID) {
    self.id = id
    bytes.removeAll(keepingCapacity: true)
    bytes.append(bigEndian: type.rawValue)
    bytes.append(bigEndian: UInt16(0))
    bytes.append(bigEndian: Wire.magicCookie)
    bytes.append(bigEndian: id.high)
    bytes.append(bigEndian: id.low)
  }

  private mutating func header(_ attribute: Attribute, _ length: Int) {
    bytes.append(bigEndian: attribute.rawValue)
    bytes.append(bigEndian: UInt16(length))
  }

  /// An attribute of any bytes, padded with zeros (RFC 8489 §14): never with what a buffer held
  /// before.
  public mutating func add(_ attribute: Attribute, bytes value: some Collection<UInt8>) {
    header(attribute, value.count)
    bytes.append(contentsOf: value)
    while bytes.count % 4 != 0 { bytes.append(0) }
  }

  /// The same of bytes that lie somewhere else.
  public mutating func add(_ attribute: Attribute, span value: Span<UInt8>) {
    header(attribute, value.count)
    for index in value.indices { bytes.append(value[index]) }
    while bytes.count % 4 != 0 { bytes.append(0) }
  }

  public mutating func add(_ attribute: Attribute, text: String) {
    add(attribute, bytes: text.utf8)
  }

  public mutating func add(_ attribute: Attribute, uint32 value: UInt32) {
    header(attribute, 4)
    bytes.append(bigEndian: value)
  }

  public mutating func add(_ attribute: Attribute, address: SocketAddress) {
    let length = XorAddress.length(address.ip.family)
    header(attribute, length)
    let (offset, id) = (bytes.count, self.id)
    for _ in 0..<length { bytes.append(0) }
    var span = bytes.mutableSpan
    XorAddress.encode(address, into: &span, at: offset, id)
  }

  /// - Parameter withReason: whether the phrase for people goes along (RFC 8489 §14.8).
  public mutating func add(_ error: ErrorCode, withReason: Bool = true) {
    let code = UInt32(error.rawValue / 100) << 8 | UInt32(error.rawValue % 100)
    let reason = withReason ? error.reason : ""
    header(.errorCode, 4 + reason.utf8.count)
    bytes.append(bigEndian: code)
    bytes.append(contentsOf: reason.utf8)
    while bytes.count % 4 != 0 { bytes.append(0) }
  }

  /// PASSWORD-ALGORITHMS, in order of preference (RFC 8489 §14.11).
  public mutating func add(algorithms: [PasswordAlgorithm]) {
    add(.passwordAlgorithms, bytes: PasswordAlgorithm.value(algorithms))
  }

  /// ALTERNATE-DOMAIN: the name that the alternate server's certificate has (RFC 8489 §14.16).
  ///
  /// - Parameter alternateDomain: at most 255 bytes.
  public mutating func add(alternateDomain: String) {
    precondition(alternateDomain.utf8.count <= Wire.alternateDomainMax)
    add(.alternateDomain, text: alternateDomain)
  }

  public mutating func add(unknown types: [UInt16]) {
    header(.unknownAttributes, 2 * types.count)
    for type in types { bytes.append(bigEndian: type) }
    while bytes.count % 4 != 0 { bytes.append(0) }
  }

  /// Sets the length, and signs and seals as asked.
  ///
  /// - Parameters:
  ///   - integrityKey: adds MESSAGE-INTEGRITY or MESSAGE-INTEGRITY-SHA256 under this key.
  ///   - fingerprint: adds FINGERPRINT.
  public mutating func finish(integrityKey: IntegrityKey? = nil, fingerprint: Bool = false) {
    if let integrityKey { sign(integrityKey) }
    if fingerprint {
      setLength(bytes.count + 8)
      let checksum = CRC32.checksum(bytes.span, 0..<bytes.count) ^ Wire.fingerprintXor
      add(.fingerprint, uint32: checksum)
    }
    setLength(bytes.count)
  }

  /// Signs with MESSAGE-INTEGRITY, as everybody can.
  public mutating func finish(integrityKey: [UInt8], fingerprint: Bool = false) {
    finish(integrityKey: IntegrityKey(integrityKey), fingerprint: fingerprint)
  }

  /// Appends MESSAGE-INTEGRITY or MESSAGE-INTEGRITY-SHA256 over what is there: who does not know
  /// which of them the other side understands adds both, in this order (RFC 8489 §9.1.2).
  ///
  /// - Parameter length: of a truncated MESSAGE-INTEGRITY-SHA256, at least 16 and a multiple of 4.
  public mutating func sign(_ key: IntegrityKey, length: Int? = nil) {
    let length = length ?? key.algorithm.length
    setLength(bytes.count + Wire.attributeHeaderLength + length)
    let mac = key.algorithm.mac(bytes.span, Span(), key: key.bytes)
    header(key.algorithm.attribute, length)
    for index in 0..<length { bytes.append(mac[index]) }
  }

  private mutating func setLength(_ total: Int) {
    var span = bytes.mutableSpan
    span.store(UInt16(total - Wire.headerLength), at: 2)
  }
}
