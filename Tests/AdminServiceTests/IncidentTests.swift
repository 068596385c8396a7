// What has happened to the administration of other servers, tried on this one.

import EventLoop
import Testing

@testable import AdminService

@Suite struct IncidentTests {
  @Test(
    "CVE-2020-6061: a POST that promises more, or less, than it sends reads nothing beyond it",
    arguments: ["999999999999", "100000", "-1", "0x10", "3"])
  func postOfAnotherLength(length: String) throws {
    try withServer { server in
      let client = try server.client()
      let fields = ["Content-Length: \(length)"]
      client.send(ClientSocket.request("/rooms", method: "POST", fields) + "x")
      #expect(try server.client().ask("/healthz").status == 200)
      withExtendedLifetime(client) {}
    }
  }

  @Test("CVE-2020-6062: a POST without anything in it is refused, and the server goes on")
  func emptyPost() throws {
    try withServer { server in
      for path in ["/", "/rooms", "/allocations"] {
        let answer = try server.client().ask(path, method: "POST", ["Content-Length: 0"])
        #expect(answer.status >= 400, "\(path)")
      }
      #expect(try server.client().ask("/healthz").status == 200)
    }
  }
}
