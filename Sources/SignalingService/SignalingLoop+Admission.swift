// Who comes in: what the lobby, the router and the backends ask of the one place that decides it.

internal import Admission
internal import EventLoop
internal import NetTypes
internal import Signaling

extension SignalingLoop {
  private var unixSeconds: Int64 { loop.wallClock.unixSeconds(at: loop.now) }

  /// Whose failures count: not those of a proxy that does not say for whom it asks, because all of
  /// its clients would have to wait for one.
  private func counted(_ client: IPAddress) -> IPAddress? {
    shared.settings.forwarding.isTrusted(client) ? nil : client
  }

  /// Whether `connection` may enter the room that it asks for.
  func admit(
    _ connection: Connection, _ request: JoinRequest, _ statement: SessionStatement?
  ) -> Admittance {
    let applicant = Admission.Applicant(
      address: counted(connection.client), origin: connection.origin, isReturning: statement != nil)
    return admission.admit(
      to: request.room, token: request.token, applicant, now: loop.now, unixSeconds: unixSeconds)
  }

  /// The API for backends, on this loop.
  func backendAPI(_ settings: SignalingSettings) -> Mount {
    let api = BackendAPI(desk, publicURL: settings.publicURL, isSecure: settings.isSecure)
    return Mount(BackendAPI.path, bodyBytesMax: BackendDesk.orderBytesMax) {
      [unowned self] request, reply in
      let answer = api.answer(
        request, from: counted(request.client), iceServers, now: loop.now,
        unixSeconds: unixSeconds)
      reply(answer)
    }
  }
}

extension SignalingSettings {
  /// What holds for all tenants.
  var house: Admission.House {
    Admission.House(relay: relay, origins: Set(allowedOrigins.map { $0.lowercased() }))
  }

  /// Origins of pages that may connect; what for is seen when they join.
  var pageOrigins: [String] { allowedOrigins + tenants.origins }
}
