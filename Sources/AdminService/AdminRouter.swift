// Decides what a request asks for, and whether it may.

internal import AdminAPI
internal import HTTP1
internal import NetTypes

enum AdminRouter {
  /// - Parameter guarding: whether browsers reach the endpoint, as they do over TCP.
  static func route(
    _ request: RequestHead, guarding: Bool
  ) throws(AdminRefusal) -> AdminPath {
    if guarding { try refusePages(request) }
    let path = AdminPath(decoded: request.path) { request.queryValue($0) }
    if path?.method == "POST" {
      guard request.method == "POST" else { throw .wantsPost }
    } else {
      guard request.method == "GET" || request.method == "HEAD" else { throw .badMethod }
    }
    guard let path else { throw .noSuchPath }
    if case .drain = path { return .drain(deadlineSeconds: try deadline(of: request)) }
    return path
  }

  private static func deadline(of request: RequestHead) throws(AdminRefusal) -> Int? {
    guard let text = request.queryValue(AdminPath.deadlineParameter) else { return nil }
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let seconds = Int(text),
      seconds <= AdminLimits.drainSecondsMax
    else { throw .badDeadline }
    return seconds
  }

  /// A page of any site can make the browser of an operator send requests here. Those that tell
  /// where they come from are refused, and so are those to a name: whoever owns the name can let it
  /// point here and then read the answers (DNS rebinding).
  private static func refusePages(_ request: RequestHead) throws(AdminRefusal) {
    guard request.fields["origin"] == nil,
      !request.fields.contains("sec-fetch-site", token: "cross-site"),
      !request.fields.contains("sec-fetch-site", token: "same-site")
    else { throw .fromPage }
    guard isOwn(request.authority) else { throw .foreignHost }
  }

  /// An IP address or `localhost`, with or without a port.
  static func isOwn(_ authority: String) -> Bool {
    if SocketAddress(authority) != nil || SocketAddress(authority + ":0") != nil { return true }
    let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.first?.lowercased() == "localhost" else { return false }
    return parts.count == 1 || UInt16(parts[1]) != nil
  }
}
