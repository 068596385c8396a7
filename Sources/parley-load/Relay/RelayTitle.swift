// What a relay run is called, above its report and its picture.

internal import NetTypes

extension RelayOptions {
  /// - Parameter ready: clients with a way to their peer.
  func title(of ready: Int) -> String {
    let whom = isPaired ? "\(ready / 2) pairs" : "\(ready) clients, \(direction.rawValue)"
    return "\(server.text) over \(transport.text.uppercased()): \(whom), \(packetText), "
      + "\(perSecond) packets/s each"
  }

  /// The packets themselves.
  var packetText: String {
    let framing = isBare ? "unframed" : framing.rawValue
    return "\(framing), \(size) bytes" + (burst > 1 ? " in bursts of \(burst)" : "")
  }
}
