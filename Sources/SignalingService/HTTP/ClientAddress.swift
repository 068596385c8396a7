// Whose request it is, when proxies stand between the client and us.

internal import HTTP1
public import NetTypes

/// Whose word on a client's address is taken, and in which field.
public struct ForwardingPolicy: Sendable, Equatable {
  /// Where proxies say whom they speak for. One of the two: the other comes from whoever likes.
  public enum Field: Sendable {
    /// X-Forwarded-For: addresses, separated by commas.
    case xForwardedFor
    /// Forwarded (RFC 7239).
    case forwarded
  }

  /// The proxies.
  public var trusted: [CIDR]
  public var field: Field

  public init(trusted: [CIDR] = [], field: Field = .xForwardedFor) {
    self.trusted = trusted
    self.field = field
  }

  /// The client's address for one request, for a proxy may use a connection for several clients.
  ///
  /// Each proxy appends the address that it was reached from. So the list is read from its end, as
  /// long as those who wrote it can be trusted: the first address that is no proxy's is the
  /// client's. What stands before that may be anybody's invention.
  ///
  /// - Parameter peer: who has sent the request to us.
  func client(of request: RequestHead, from peer: IPAddress) -> IPAddress {
    var client = peer.unmapped
    guard !trusted.isEmpty, isTrusted(client) else { return client }
    for hop in hops(request.fields).reversed() {
      // A name or `unknown` hides the client; then its proxy has to stand for it.
      guard let address = hop else { return client }
      client = address
      if !isTrusted(client) { return client }
    }
    return client
  }

  func isTrusted(_ ip: IPAddress) -> Bool { trusted.contains { $0.contains(ip) } }

  /// What each proxy has said, the last one last; nil where that is no address.
  private func hops(_ fields: HTTPFields) -> [IPAddress?] {
    switch field {
    case .xForwardedFor: fields.list("x-forwarded-for").map { Self.address($0) }
    case .forwarded: fields.list("forwarded").map { Self.forwardedFor($0) }
    }
  }

  /// The `for` of one element: `for=192.0.2.60;proto=http` (RFC 7239 §4). A comma in quotes would
  /// cut it in two; neither half is an address then.
  private static func forwardedFor(_ element: String) -> IPAddress? {
    var found: IPAddress?
    for pair in element.split(separator: ";") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, trimmed(parts[0]).lowercased() == "for" else { continue }
      // Twice is an attempt to be read in two ways.
      guard found == nil, let address = address(unquoted(trimmed(parts[1]))) else { return nil }
      found = address
    }
    return found
  }

  private static func unquoted(_ text: String) -> String {
    guard text.utf8.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") else { return text }
    return String(text.dropFirst().dropLast())
  }

  private static func trimmed(_ text: some StringProtocol) -> String {
    let isInner: (Character) -> Bool = { $0 != " " && $0 != "\t" }
    guard let first = text.firstIndex(where: isInner), let last = text.lastIndex(where: isInner)
    else { return "" }
    return String(text[first...last])
  }

  /// An address, with or without a port: `192.0.2.1`, `192.0.2.1:99`, `2001:db8::1`,
  /// `[2001:db8::1]`, `[2001:db8::1]:99` (RFC 7239 §6).
  static func address(_ text: String) -> IPAddress? {
    if text.hasPrefix("[") {
      let parts = text.dropFirst().split(
        separator: "]", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, parts[1].isEmpty || isPort(parts[1].dropFirst(), parts[1].first),
        let ip = IPAddress(parts[0]), ip.family == .v6
      else { return nil }
      return ip.unmapped
    }
    if let ip = IPAddress(text) { return ip.unmapped }
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, isPort(parts[1], ":"), let ip = IPAddress(parts[0]) else { return nil }
    return ip
  }

  private static func isPort(_ digits: Substring, _ separator: Character?) -> Bool {
    separator == ":" && (1...5).contains(digits.utf8.count)
      && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
  }
}

extension IPAddress {
  /// An IPv4 address that is written as one of IPv6 (RFC 4291 §2.5.5.2), as IPv4; others as they
  /// are.
  var unmapped: IPAddress {
    guard family == .v6, high == 0, low >> 32 == 0xFFFF else { return self }
    return IPAddress(v4: UInt32(truncatingIfNeeded: low))
  }
}
