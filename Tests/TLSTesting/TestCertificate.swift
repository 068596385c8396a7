// Certificates for tests: made when they are needed, by OpenSSL, in a directory of their own.

internal import COpenSSL
internal import Glibc

/// A key and the certificate that it signed itself, for `localhost` and 127.0.0.1, in PEM files
/// that go with this object.
public final class TestCertificate: Sendable {
  private let directory: String
  public var certificatePath: String { directory + "/cert.pem" }
  public var keyPath: String { directory + "/key.pem" }

  public struct NotMade: Error {}

  /// - Parameter commonName: tells one certificate from another.
  public init(commonName: String = "localhost") throws {
    var template = Array("/tmp/parley-tls.XXXXXX".utf8)
    template.append(0)
    let made = unsafe template.withUnsafeMutableBytes { bytes in
      unsafe bytes.baseAddress.flatMap { unsafe mkdtemp($0.assumingMemoryBound(to: CChar.self)) }
    }
    guard unsafe made != nil else { throw NotMade() }
    directory = String(decoding: template.dropLast(), as: UTF8.self)
    try write(commonName)
  }

  deinit {
    for path in [certificatePath, keyPath] { _ = unsafe unlink(path) }
    _ = unsafe rmdir(directory)
  }

  private func write(_ commonName: String) throws {
    guard let key = unsafe parley_new_ec_key(), let certificate = unsafe X509_new() else {
      throw NotMade()
    }
    defer {
      unsafe EVP_PKEY_free(key)
      unsafe X509_free(certificate)
    }
    unsafe X509_set_version(certificate, 2)
    unsafe ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1)
    unsafe X509_gmtime_adj(X509_getm_notBefore(certificate), -3_600)
    unsafe X509_gmtime_adj(X509_getm_notAfter(certificate), 86_400)
    unsafe X509_set_pubkey(certificate, key)
    let name = unsafe X509_get_subject_name(certificate)
    unsafe X509_NAME_add_entry_by_txt(name, "CN", 0x1000 /* UTF-8 */, commonName, -1, -1, 0)
    unsafe X509_set_issuer_name(certificate, name)
    let names = unsafe X509V3_EXT_conf_nid(
      nil, nil, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1")
    guard let names = unsafe names else { throw NotMade() }
    unsafe X509_add_ext(certificate, names, -1)
    unsafe X509_EXTENSION_free(names)
    guard unsafe X509_sign(certificate, key, EVP_sha256()) > 0 else { throw NotMade() }
    unsafe try save(certificatePath) { unsafe PEM_write_bio_X509($0, certificate) }
    unsafe try save(keyPath) { unsafe PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) }
  }

  private func save(_ path: String, _ write: (OpaquePointer) -> Int32) throws {
    guard let file = unsafe BIO_new_file(path, "w") else { throw NotMade() }
    defer { unsafe BIO_free(file) }
    guard unsafe write(file) == 1 else { throw NotMade() }
  }
}
