// Takes a JSON Web Signature apart, and puts one together (RFC 7515 §7.1).

/// A token in the compact serialization, taken apart. Nothing of it is believed yet: what its
/// header and payload mean, and by which key it has to be signed, is for its reader to say.
public struct CompactJWS: Sendable {
  /// Bytes of a token, at most.
  public static let bytesMax = 4_096

  /// Why a text is no such token.
  public enum Fault: Error, Equatable, Sendable {
    /// Longer than `bytesMax`.
    case tooLong
    /// Not three parts with a dot between.
    case notThreeParts
    /// A part is not base64url in its one form (RFC 7515 §2).
    case notBase64URL
  }

  /// The protected header, JSON if all is well.
  public let header: [UInt8]
  /// What is signed besides it.
  public let payload: [UInt8]
  public let signature: [UInt8]
  /// RFC 7515 §5.1 step 5: what the signature is of.
  public let signingInput: [UInt8]

  /// Takes `text` apart, and looks at its size first.
  public init(_ text: String) throws(Fault) {
    guard text.utf8.count <= Self.bytesMax else { throw .tooLong }
    let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 3 else { throw .notThreeParts }
    guard let header = Base64URL.decode(Substring(parts[0])),
      let payload = Base64URL.decode(Substring(parts[1])),
      let signature = Base64URL.decode(Substring(parts[2]))
    else { throw .notBase64URL }
    self.header = header
    self.payload = payload
    self.signature = signature
    signingInput = Array(text.utf8.prefix(parts[0].count + 1 + parts[1].count))
  }

  /// Whether `key` signed it.
  ///
  /// - Parameter algorithm: `alg` of the header.
  public func isSigned(by key: SignatureKey, as algorithm: SignatureAlgorithm) -> Bool {
    key.verifies(signature, of: signingInput, as: algorithm)
  }

  /// The token of a header and a payload; `nil` when the key has no private part.
  public static func sign(header: [UInt8], payload: [UInt8], by key: SignatureKey) -> String? {
    let input = "\(Base64URL.encode(header)).\(Base64URL.encode(payload))"
    guard let signature = key.sign(Array(input.utf8)) else { return nil }
    return "\(input).\(Base64URL.encode(signature))"
  }
}
