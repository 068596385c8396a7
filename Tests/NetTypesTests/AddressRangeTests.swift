// Ranges of addresses: reading, cutting and splitting into blocks.

import NetTypes
import Testing

struct AddressRangeTests {
  @Test(arguments: [
    ("10.0.0.0-10.255.255.255", ["10.0.0.0/8"]),
    ("192.0.2.1-192.0.2.6", ["192.0.2.1/32", "192.0.2.2/31", "192.0.2.4/31", "192.0.2.6/32"]),
    ("0.0.0.0-255.255.255.255", ["0.0.0.0/0"]),
    ("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ["::/0"]),
    ("fe80::-febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ["fe80::/10"]),
    ("192.0.2.7", ["192.0.2.7/32"]),
    ("192.0.2.0/24", ["192.0.2.0/24"]),
    ("2001:db8::/32", ["2001:db8::/32"]),
    ("2001:db8::ffff-2001:db8::1:0", ["2001:db8::ffff/128", "2001:db8::1:0/128"]),
  ])
  func `A range is the fewest blocks`(text: String, blocks: [String]) throws {
    #expect(try #require(AddressRange(text)).blocks.map(\.text) == blocks)
  }

  @Test(arguments: [
    "", "-", "10.0.0.0-", "10.0.0.2-10.0.0.1", "10.0.0.0-::1", "a-b", "1.1.1.1-2-3",
  ])
  func `What is no range is refused`(text: String) {
    #expect(AddressRange(text) == nil)
  }

  @Test("coturn 6c13608c: IPv6 addresses of a range are compared as numbers, not byte by byte")
  func comparedAsNumbers() throws {
    let range = try #require(AddressRange("2001:db8::ff-2001:db8::1:0"))
    let inside = try #require(IPAddress("2001:db8::100"))
    #expect(range.blocks.contains { $0.contains(inside) })
    #expect(AddressRange("2001:db8::1:0-2001:db8::ff") == nil)
  }

  @Test func `Cutting leaves what is around`() throws {
    let range = try #require(AddressRange("10.0.0.0-10.0.0.9"))
    func rest(_ other: String) throws -> [String] {
      range.subtracting(try #require(AddressRange(other))).map {
        "\($0.first.text)-\($0.last.text)"
      }
    }
    #expect(try rest("10.0.0.3-10.0.0.5") == ["10.0.0.0-10.0.0.2", "10.0.0.6-10.0.0.9"])
    #expect(try rest("9.0.0.0-10.0.0.5") == ["10.0.0.6-10.0.0.9"])
    #expect(try rest("10.0.0.5-11.0.0.0") == ["10.0.0.0-10.0.0.4"])
    #expect(try rest("9.0.0.0-11.0.0.0") == [])
    #expect(try rest("10.0.0.10-10.0.0.20") == ["10.0.0.0-10.0.0.9"])
    #expect(try rest("::/0") == ["10.0.0.0-10.0.0.9"])
  }
}
