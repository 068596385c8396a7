// The STUN server itself: Binding requests (RFC 8489 §6.3.1).

public import NetTypes

public enum BindingResponder {
  /// Writes the answer to a Binding request from `client` into `reply`.
  ///
  /// There is no SOFTWARE and no MAPPED-ADDRESS in it: an answer to an unproven sender is to be no
  /// longer than it must be.
  public static func answer(
    _ request: Message, from client: SocketAddress, into reply: inout MessageBuilder
  ) {
    guard !request.hasUnknownRequired else {
      return refuse(request, unknown: request.unknownRequired, into: &reply)
    }
    reply.begin(request.type.answer(.success), request.transactionID)
    reply.add(.xorMappedAddress, address: client)
    reply.finish(fingerprint: request.hasFingerprint)
  }

  /// RFC 8489 §6.3.1: unknown comprehension-required attributes are refused, with their list.
  static func refuse(
    _ request: Message, unknown: [UInt16], into reply: inout MessageBuilder
  ) {
    reply.begin(request.type.answer(.error), request.transactionID)
    reply.add(.unknownAttribute)
    reply.add(unknown: unknown)
    reply.finish(fingerprint: request.hasFingerprint)
  }
}
