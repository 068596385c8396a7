// Binding requests: the plain answer, and NAT behaviour discovery where it is on (RFC 5780).

internal import NetTypes
internal import STUN

extension TURNServer {
  mutating func answerBinding(
    _ tuple: FiveTuple, _ message: Message, _ bytes: Span<UInt8>, now: Instant
  ) -> Verdict {
    statistics.bindingRequests &+= 1
    guard tuple.transport == .udp,
      let discovery = discoveries.first(where: { $0.serves(tuple.server) })
    else {
      BindingResponder.answer(message, from: tuple.client, into: &reply)
      return .reply
    }
    guard discoveryBudget.spend(for: tuple.client.ip, now: now) else {
      if BehaviourDiscovery.concerns(message) { return .drop(.discoveryBudget) }
      BindingResponder.answer(message, from: tuple.client, into: &reply)
      return .reply
    }
    let route = discovery.answer(
      message, bytes, from: tuple.client, to: tuple.server, into: &reply)
    if route.source == tuple.server, route.target == tuple.client { return .reply }
    return .replyElsewhere(
      FiveTuple(client: route.target, server: route.source, transport: .udp))
  }
}
