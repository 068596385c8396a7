// Base64 with padding (RFC 4648 §4), by OpenSSL.

internal import COpenSSL

public enum Base64 {
  /// The standard alphabet, padded, without line breaks.
  public static func encode(_ bytes: Span<UInt8>) -> String {
    var text = [UInt8](repeating: 0, count: (bytes.count + 2) / 3 * 4 + 1)
    let length = unsafe bytes.withUnsafeBytes { input in
      unsafe text.withUnsafeMutableBufferPointer { output in
        unsafe EVP_EncodeBlock(
          output.baseAddress, input.baseAddress?.assumingMemoryBound(to: UInt8.self),
          Int32(input.count))
      }
    }
    return String(decoding: text[..<Int(length)], as: UTF8.self)
  }

  public static func encode(_ bytes: [UInt8]) -> String { encode(bytes.span) }

  /// The bytes of padded text in the standard alphabet; `nil` for anything else, white space too.
  public static func decode(_ text: String) -> [UInt8]? {
    let input = Array(text.utf8)
    let padding = input.reversed().prefix { $0 == UInt8(ascii: "=") }.count
    guard input.count % 4 == 0, padding <= 2, input.dropLast(padding).allSatisfy(isDigit) else {
      return nil
    }
    var bytes = [UInt8](repeating: 0, count: input.count / 4 * 3 + 1)
    let length = unsafe input.withUnsafeBufferPointer { input in
      unsafe bytes.withUnsafeMutableBufferPointer { output in
        unsafe EVP_DecodeBlock(output.baseAddress, input.baseAddress, Int32(input.count))
      }
    }
    guard length >= padding else { return nil }
    bytes.removeLast(bytes.count - (Int(length) - padding))
    return bytes
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
      return true
    default: return false
    }
  }
}
