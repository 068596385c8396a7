// The family that clients get who name none, from its word in the configuration.

internal import Configuration
internal import TURN

extension DefaultFamily {
  init(_ family: AllocationSettings.Family) {
    self =
      switch family {
      case .ipv4: .ipv4
      case .ipv6: .ipv6
      case .keep: .keep
      }
  }
}
