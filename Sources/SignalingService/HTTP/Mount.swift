// The seam for those who answer whole requests, bodies and all, at paths of their own.

internal import HTTP1
internal import NetTypes

/// A request with its body.
struct MountedRequest {
  let head: RequestHead
  let body: [UInt8]
  /// The client's address, as far as those between it and us can be trusted.
  let client: IPAddress
}

/// Answers all requests at a path and below it, on the loop of the connection.
struct Mount {
  /// Gives the answer, at once or later, on the same loop; only the first one counts, and none when
  /// the client is gone or `SignalingSettings.requestTimeout` has passed.
  typealias Reply = (HTTPResponse) -> Void

  /// Begins with a slash and does not end with one.
  let path: String
  /// A larger body is refused with 413.
  let bodyBytesMax: Int
  /// Judges every method; the answer gets the fields that guard all of our answers.
  let handle: (MountedRequest, @escaping Reply) -> Void

  /// - Parameter bodyBytesMax: up to `HTTPLimits.bodyBytesMax`.
  init(
    _ path: String, bodyBytesMax: Int,
    handle: @escaping (MountedRequest, @escaping Reply) -> Void
  ) {
    precondition(path.hasPrefix("/") && !path.hasSuffix("/"), "a mount is an absolute path")
    precondition(bodyBytesMax <= HTTPLimits.bodyBytesMax, "the parser refuses larger bodies")
    self.path = path
    self.bodyBytesMax = bodyBytesMax
    self.handle = handle
  }

  func serves(_ path: String) -> Bool {
    path.hasPrefix(self.path)
      && (path.utf8.count == self.path.utf8.count || path.hasPrefix(self.path + "/"))
  }
}

/// One request to a mount, from its head to its answer.
final class Exchange {
  let mount: Mount
  let head: RequestHead
  var reader: BodyReader
  /// The body is there, and the answer is waited for.
  var isAsking = false

  init(_ mount: Mount, _ head: RequestHead) {
    self.mount = mount
    self.head = head
    reader = BodyReader(head.bodyFraming, bytesMax: mount.bodyBytesMax)
  }
}
