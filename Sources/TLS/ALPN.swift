// Which application protocol is spoken over an encrypted connection (RFC 7301, RFC 7443).

internal import COpenSSL

/// Lets the context choose for its servers. It lives as long as its engines: each of them holds it.
func chooseProtocols(for context: TLSContext) {
  unsafe SSL_CTX_set_alpn_select_cb(
    context.raw, selectProtocol, Unmanaged.passUnretained(context).toOpaque())
}

/// What was agreed on; `nil` for nothing, or not yet.
func applicationProtocolName(_ ssl: OpaquePointer) -> String? {
  var name: UnsafePointer<UInt8>?
  var length: UInt32 = 0
  unsafe SSL_get0_alpn_selected(ssl, &name, &length)
  guard let name = unsafe name else { return nil }
  return unsafe String(
    decoding: UnsafeBufferPointer(start: name, count: Int(length)), as: UTF8.self)
}

private func selectProtocol(
  _: OpaquePointer?, _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
  _ length: UnsafeMutablePointer<UInt8>?, _ offered: UnsafePointer<UInt8>?, _ count: UInt32,
  _ context: UnsafeMutableRawPointer?
) -> Int32 {
  guard let context = unsafe context, let offered = unsafe offered else {
    return SSL_TLSEXT_ERR_ALERT_FATAL
  }
  let known = unsafe Unmanaged<TLSContext>.fromOpaque(context).takeUnretainedValue().protocols
  if known.isEmpty { return SSL_TLSEXT_ERR_NOACK }
  let list = unsafe UnsafeBufferPointer(start: offered, count: Int(count))
  guard let place = unsafe firstPlace(of: known, in: list) else {
    return SSL_TLSEXT_ERR_ALERT_FATAL
  }
  unsafe chosen?.pointee = offered + place.lowerBound
  unsafe length?.pointee = UInt8(place.count)
  return SSL_TLSEXT_ERR_OK
}

/// RFC 7301 §3.2: of the protocols both have, the first in our order; where it is in `offered`.
private func firstPlace(of known: [[UInt8]], in offered: UnsafeBufferPointer<UInt8>)
  -> Range<Int>?
{
  for name in known {
    var position = 0
    while position < offered.count {
      let start = position + 1
      // OpenSSL has checked that the lengths add up.
      position = unsafe start + Int(offered[position])
      if unsafe offered[start..<position].elementsEqual(name) { return start..<position }
    }
  }
  return nil
}
