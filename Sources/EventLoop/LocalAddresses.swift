// The addresses of this host's interfaces.

internal import CLinux
public import NetTypes

public enum LocalAddresses {
  /// Each once, of all interfaces that are there now.
  public static func all() throws(SystemError) -> [IPAddress] {
    var raw: [parley_address] = []
    var found = 64
    // An interface may come between the two calls.
    while raw.count < found {
      raw = Array(repeating: parley_address(), count: found)
      found = Int(
        try SystemError.check(
          unsafe raw.withUnsafeMutableBufferPointer { buffer in
            unsafe parley_local_addresses(buffer.baseAddress, Int32(buffer.count))
          }, "getifaddrs"))
    }
    var addresses: [IPAddress] = []
    for address in raw.prefix(found).compactMap({ SocketAddress($0)?.ip })
    where !addresses.contains(address) {
      addresses.append(address)
    }
    return addresses
  }
}
