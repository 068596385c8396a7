// Between the address values of Swift and those of the C shims.

package import CLinux
package import NetTypes

extension SocketAddress {
  /// `nil` when the kernel named no address.
  init?(_ raw: parley_address) {
    switch raw.family {
    case 4:
      self.init(IPAddress(v4: UInt32(truncatingIfNeeded: raw.low)), port: raw.port)
    case 6:
      self.init(
        IPAddress(v6High: raw.high, low: raw.low), port: raw.port, scope: raw.scope)
    default: return nil
    }
  }

  package var raw: parley_address {
    parley_address(
      high: ip.high, low: ip.low, scope: scope, port: port, family: ip.family == .v4 ? 4 : 6)
  }
}
