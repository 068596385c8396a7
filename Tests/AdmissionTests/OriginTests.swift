// Which pages may use the rooms of which tenant.

import Signaling
import Testing

@testable import Admission

struct OriginTests {
  private let page = PageOrigin.other("https://shop.example")

  private func office(_ origins: String, _ options: String = "") throws -> Office {
    try Office(
      tenant: "keys: [{ kid: 'HS256', jwk: \(Signer.hs256.jwkText) }]\(origins)", options)
  }

  @Test func `pages of the origins that a tenant has may use its rooms, others not`() throws {
    let office = try office(
      ", origins: ['https://shop.example']", "--allow-origin https://b.example")
    let token = try Signer.hs256.token()
    #expect(office.join(token, of: page).code == nil)
    #expect(office.join(token, of: .own).code == nil)
    // The house would let it in; the tenant does not.
    #expect(office.join(token, of: .other("https://b.example")).code == .forbidden)
  }

  @Test func `a tenant without origins has those of the house`() throws {
    let office = try office("", "--allow-origin https://shop.example")
    let token = try Signer.hs256.token()
    #expect(office.join(token, of: page).code == nil)
    #expect(office.join(token, of: .other("https://b.example")).code == .forbidden)
  }

  @Test func `a star is every origin`() throws {
    let token = try Signer.hs256.token()
    #expect(try office(", origins: ['*']").join(token, of: page).code == nil)
    #expect(try office("", "--allow-origin *").join(token, of: page).code == nil)
  }
}
