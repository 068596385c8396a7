// RFC 8656 §14: what the IP headers of relayed datagrams say.

import EventLoop
import Glibc
import NetTypes
import TURNClient
import Testing

@testable import RelayService

struct HeaderFieldTests {
  private func option(_ socket: UDPSocket, _ level: Int, _ name: Int32) -> Int32 {
    var value: Int32 = -1
    var length = socklen_t(MemoryLayout<Int32>.size)
    let result = unsafe getsockopt(socket.descriptor, Int32(level), name, &value, &length)
    return result == 0 ? value : -1
  }

  private func set(_ socket: UDPSocket, _ name: Int32, _ value: Int32) -> Bool {
    var value = value
    let length = socklen_t(MemoryLayout<Int32>.size)
    return unsafe setsockopt(socket.descriptor, Int32(IPPROTO_IP), name, &value, length) == 0
  }

  private func udp(_ ip: IPAddress) throws -> UDPSocket {
    try UDPSocket(
      bind: SocketAddress(ip, port: 0), reusePort: false, packetInfo: false, bufferBytes: 65_536)
  }

  @Test(
    "Trap 18: DF is set for as long as it is asked for, and a datagram is then whole or nothing")
  func dontFragment() throws {
    let socket = try udp(.loopbackV4)
    defer { socket.close() }
    #expect(option(socket, Int(IPPROTO_IP), IP_MTU_DISCOVER) == IP_PMTUDISC_DONT)
    socket.setDontFragment(true)
    #expect(option(socket, Int(IPPROTO_IP), IP_MTU_DISCOVER) == IP_PMTUDISC_PROBE)
    // Loopback's MTU is 65,536: with its headers the largest payload does not fit.
    let largest = [UInt8](repeating: 1, count: 65_507)
    #expect(socket.send(largest.span, 0..<largest.count, to: socket.address) == .sent)
    socket.setDontFragment(false)
    #expect(option(socket, Int(IPPROTO_IP), IP_MTU_DISCOVER) == IP_PMTUDISC_OMIT)
    let six = try udp(.loopbackV6)
    defer { six.close() }
    six.setDontFragment(true)
    #expect(option(six, Int(IPPROTO_IPV6), IPV6_MTU_DISCOVER) == IPV6_PMTUDISC_PROBE)
  }

  /// The TTL and the DSCP and ECN bits of the datagram that waits at `socket`.
  private func received(_ socket: UDPSocket) -> (ttl: Int32, tos: UInt8)? {
    var descriptor = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
    guard unsafe poll(&descriptor, 1, 5_000) == 1 else { return nil }
    var payload = [UInt8](repeating: 0, count: 100)
    var control = [UInt8](repeating: 0, count: 128)
    var fields: (ttl: Int32, tos: UInt8) = (-1, 0xff)
    unsafe payload.withUnsafeMutableBytes { payload in
      unsafe control.withUnsafeMutableBytes { control in
        var vector = unsafe iovec(iov_base: payload.baseAddress, iov_len: payload.count)
        unsafe withUnsafeMutablePointer(to: &vector) { vector in
          var header = unsafe msghdr()
          unsafe header.msg_iov = vector
          unsafe header.msg_iovlen = 1
          unsafe header.msg_control = control.baseAddress
          unsafe header.msg_controllen = control.count
          guard unsafe recvmsg(socket.descriptor, &header, 0) > 0 else { return }
          var offset = 0
          let head = MemoryLayout<cmsghdr>.size
          while unsafe offset + head <= Int(header.msg_controllen) {
            let item = unsafe control.loadUnaligned(fromByteOffset: offset, as: cmsghdr.self)
            if item.cmsg_type == IP_TTL {
              fields.ttl = unsafe control.loadUnaligned(
                fromByteOffset: offset + head, as: Int32.self)
            } else if item.cmsg_type == IP_TOS {
              fields.tos = unsafe control[offset + head]
            }
            offset += (Int(item.cmsg_len) + 7) & ~7
          }
        }
      }
    }
    return fields
  }

  @Test("Trap 29: a relayed datagram has a TTL of its own, whatever the one received had")
  func timeToLive() throws {
    let relay = try Relay()
    defer { relay.stop() }
    let a = try Client(relay.service.addresses[0])
    let relayed = try a.allocate()
    let peer = try udp(.loopbackV4)
    defer { peer.close() }
    try a.bind(0x4000, to: peer.address)
    // The last hop for these, both ways; and marked, which RFC 8656 §14 lets a relay start anew.
    for socket in [a.socket, peer] {
      try #require(set(socket, IP_TTL, 1) && set(socket, IP_TOS, 0xb9))
      try #require(set(socket, IP_RECVTTL, 1) && set(socket, IP_RECVTOS, 1))
    }
    a.core.send([1], on: 0x4000)
    a.flush()
    let there = try #require(received(peer))
    #expect(there.ttl == option(try udp(.loopbackV4), Int(IPPROTO_IP), IP_TTL))
    #expect(there.tos == 0)
    #expect(peer.send([2].span, 0..<1, to: relayed) == .sent)
    let back = try #require(received(a.socket))
    #expect(back.ttl == there.ttl && back.tos == 0)
  }
}
