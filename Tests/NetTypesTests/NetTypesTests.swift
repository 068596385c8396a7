// Addresses as text, blocks, and byte order.

import NetTypes
import Testing

struct AddressTests {
  @Test(arguments: [
    "0.0.0.0", "192.0.2.1", "255.255.255.255", "::", "::1", "2001:db8::1", "1:2:3:4:5:6:7:8",
    "fe80::1:0:0:2", "::ffff:192.0.2.1", "1::", "1:0:2::3",
  ])
  func `canonical text reads and writes back`(text: String) throws {
    #expect(try #require(IPAddress(text)).text == text)
  }

  @Test(arguments: [
    ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("0:0:0:0:0:0:0:0", "::"), ("2001:DB8::0001", "2001:db8::1"),
    ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
  ])
  func `other text is written as RFC 5952 wants it`(text: String, canonical: String) throws {
    #expect(try #require(IPAddress(text)).text == canonical)
  }

  @Test(arguments: [
    "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.a", " 1.2.3.4", "1:2:3", ":", ":::",
    "1::2::3", "12345::", "1:2:3:4:5:6:7:8:9", "::1%lo", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3", "g::",
    "1:2:3:4:5:6:7:8::", ":1:2:3:4:5:6:7",
  ])
  func `text that is no address is refused`(text: String) {
    #expect(IPAddress(text) == nil)
  }

  @Test func `socket addresses need brackets around IPv6 and a port`() {
    #expect(SocketAddress("127.0.0.1:80") == SocketAddress(.loopbackV4, port: 80))
    #expect(SocketAddress("[::1]:65535")?.text == "[::1]:65535")
    for wrong in ["127.0.0.1", "::1:80", "[127.0.0.1]:80", "1.2.3.4:65536", "1.2.3.4:", "[::1]:+1"]
    {
      #expect(SocketAddress(wrong) == nil, "\(wrong)")
    }
  }

  @Test func `printing an address by accident does not name it`() throws {
    let address = try #require(SocketAddress("203.0.113.77:4242"))
    #expect(!"\(address)".contains("113"))
    #expect(!"\(try #require(IPAddress("2001:db8:1:2::3")))".contains("1:2"))
  }
}

struct CIDRTests {
  @Test func `a block holds its addresses and no others`() throws {
    let ten = try #require(CIDR("10.0.0.0/8"))
    #expect(ten.contains(IPAddress(10, 255, 1, 2)))
    #expect(!ten.contains(IPAddress(11, 0, 0, 0)))
    let local = try #require(CIDR("fe80::/10"))
    #expect(local.contains(try #require(IPAddress("febf::1"))))
    #expect(!local.contains(try #require(IPAddress("fec0::1"))))
    let deep = try #require(CIDR("2001:db8:0:0:8000::/65"))
    #expect(deep.contains(try #require(IPAddress("2001:db8::ffff:0:0:1"))))
    #expect(!deep.contains(try #require(IPAddress("2001:db8::7fff:0:0:1"))))
    #expect(try #require(CIDR("0.0.0.0/0")).contains(IPAddress(8, 8, 8, 8)))
    #expect(try #require(CIDR("::/0")).contains(try #require(IPAddress("2001:db8::1"))))
    #expect(!(try #require(CIDR("::/0"))).contains(IPAddress(8, 8, 8, 8)))
  }

  @Test(arguments: ["10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "::/129", "10/8", "fe80::1/10", "/8"])
  func `a malformed block or one with host bits is refused`(text: String) {
    #expect(CIDR(text) == nil)
  }

  @Test func `port ranges are inclusive and not empty`() {
    #expect(PortRange("49152-65535") == .dynamic)
    #expect(PortRange("5-5")?.count == 1)
    for wrong in ["6-5", "0-5", "5", "5-", "1-65536", "a-b", "1-2-3", "+1-2"] {
      #expect(PortRange(wrong) == nil, "\(wrong)")
    }
  }
}
