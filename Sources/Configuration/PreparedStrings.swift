// Prepares passwords and names, so that both sides hash the same bytes (RFC 8265, RFC 4013).

import Foundation

/// The OpaqueString profile, which RFC 8489 §9.2.2 asks for.
enum OpaqueString {
  /// RFC 8265 §4.2.2: spaces become U+0020, and composed characters one; `nil` for what the
  /// FreeformClass of RFC 8264 §4.3 has not. The joiners of RFC 5892 A, which are allowed between
  /// some letters, are refused everywhere.
  static func prepare(_ text: String) -> String? {
    guard !text.isEmpty, text.unicodeScalars.allSatisfy(isFreeform) else { return nil }
    return text.withASCIISpaces.precomposedStringWithCanonicalMapping
  }

  private static func isFreeform(_ scalar: Unicode.Scalar) -> Bool {
    let properties = scalar.properties
    switch properties.generalCategory {
    case .control, .unassigned, .surrogate, .privateUse, .lineSeparator, .paragraphSeparator:
      return false
    default:
      return !properties.isDefaultIgnorableCodePoint && !properties.isNoncharacterCodePoint
        && !isOldHangulJamo(scalar)
    }
  }

  /// RFC 8264 §9.9: conjoining ones, which are spelled out nowhere else.
  private static func isOldHangulJamo(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x1100...0x11FF, 0xA960...0xA97C, 0xD7B0...0xD7FB: true
    default: false
    }
  }
}

/// The profile of RFC 4013, which RFC 5389 §15.4 asks for.
enum SASLprep {
  /// RFC 4013 §2: what is mapped to nothing goes, spaces become U+0020, then compatibility
  /// composition; `nil` for what is prohibited. Text of both directions is not refused (§2.4).
  static func prepare(_ text: String) -> String? {
    var kept = String.UnicodeScalarView()
    for scalar in text.unicodeScalars where !isMappedToNothing(scalar) { kept.append(scalar) }
    let prepared = String(kept).withASCIISpaces.precomposedStringWithCompatibilityMapping
    guard !prepared.isEmpty, prepared.unicodeScalars.allSatisfy(isAllowed) else { return nil }
    return prepared
  }

  /// RFC 3454 B.1.
  private static func isMappedToNothing(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x00AD, 0x034F, 0x1806, 0x180B...0x180D, 0x200B...0x200D, 0x2060, 0xFE00...0xFE0F, 0xFEFF:
      true
    default: false
    }
  }

  /// RFC 4013 §2.3 and §2.5.
  private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .unassigned, .surrogate, .privateUse, .lineSeparator,
      .paragraphSeparator:
      false
    default: !scalar.properties.isNoncharacterCodePoint
    }
  }
}

extension String {
  /// With U+0020 for every other space (RFC 8265 §4.2.2, RFC 4013 §2.1).
  fileprivate var withASCIISpaces: String {
    var mapped = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      mapped.append(scalar.properties.generalCategory == .spaceSeparator ? " " : scalar)
    }
    return String(mapped)
  }
}
