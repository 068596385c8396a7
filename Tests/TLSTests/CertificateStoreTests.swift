// Certificates that are exchanged while the server serves.

import EventLoop
import Foundation
import TLS
import TLSTesting
import Testing

struct CertificateStoreTests {
  private func replace(_ target: TestCertificate, by source: TestCertificate) throws {
    for (from, to) in [
      (source.certificatePath, target.certificatePath), (source.keyPath, target.keyPath),
    ] {
      try Data(contentsOf: URL(filePath: from)).write(to: URL(filePath: to))
    }
  }

  /// Whether a client who trusts `trusted` gets through to an engine of `context`.
  private func isAccepted(_ context: TLSContext, trusting trusted: String) throws -> Bool {
    let server = TLSEngine(serving: context)
    let client = TLSEngine(
      connectingTo: "localhost", by: try TLSContext(trusting: trusted, protocols: []))
    var plaintext: [UInt8] = []
    var toServer: [UInt8] = []
    client.open([UInt8]().span, into: &plaintext, answering: &toServer)
    while !toServer.isEmpty {
      var toClient: [UInt8] = []
      server.open(toServer.span, into: &plaintext, answering: &toClient)
      toServer = []
      client.open(toClient.span, into: &plaintext, answering: &toServer)
    }
    return client.progress == .established && server.progress == .established
  }

  @Test func `new connections have the new certificate, those before keep the old`() throws {
    let files = try TestCertificate()
    let old = try TestCertificate()
    try replace(old, by: files)
    let new = try TestCertificate()
    let store = try CertificateStore(
      certificates: files.certificatePath, key: files.keyPath, protocols: [])
    let before = store.tls
    let datagramsBefore = store.dtls
    try replace(files, by: new)
    #expect(try isAccepted(store.tls, trusting: old.certificatePath))
    try store.reload()
    #expect(try isAccepted(store.tls, trusting: new.certificatePath))
    #expect(try !isAccepted(store.tls, trusting: old.certificatePath))
    #expect(try isAccepted(before, trusting: old.certificatePath))
    #expect(store.dtls !== datagramsBefore)
  }

  @Test func `a bad file keeps the certificate there is, and says why`() throws {
    let files = try TestCertificate()
    let store = try CertificateStore(
      certificates: files.certificatePath, key: files.keyPath, protocols: [])
    let tls = store.tls
    let dtls = store.dtls
    try Data("no key".utf8).write(to: URL(filePath: files.keyPath))
    #expect(throws: TLSError.self) { try store.reload() }
    do throws(TLSError) {
      try store.reload()
    } catch {
      #expect(error.description == "key \(files.keyPath): unsupported")
    }
    #expect(store.tls === tls)
    #expect(store.dtls === dtls)
  }
}
