// The parts of OpenSSL 3 that Parley and its tests use, and, as functions, what OpenSSL has only
// as macros, which Swift cannot import.
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <sys/time.h>

/// What every context of ours has: no renegotiation, no compression, our order of ciphers.
static inline void parley_ssl_ctx_set_options(SSL_CTX *context) {
  SSL_CTX_set_options(
      context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
}

static inline int parley_ssl_ctx_set_min_version(SSL_CTX *context, int version) {
  return (int)SSL_CTX_set_min_proto_version(context, version);
}

static inline int parley_ssl_ctx_set_max_version(SSL_CTX *context, int version) {
  return (int)SSL_CTX_set_max_proto_version(context, version);
}

static inline void parley_ssl_ctx_set_no_session_cache(SSL_CTX *context) {
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

static inline int parley_ssl_set_server_name(SSL *ssl, const char *name) {
  return (int)SSL_set_tlsext_host_name(ssl, name);
}

static inline void parley_bio_retry_read(BIO *bio) { BIO_set_retry_read(bio); }

static inline void parley_bio_clear_retry(BIO *bio) { BIO_clear_retry_flags(bio); }

/// Datagrams of a handshake are as long as we say, whatever the socket may know; alerts and cookies
/// are as RFC 6347 has them.
static inline void parley_ssl_set_datagrams(SSL *ssl, long bytes) {
  SSL_set_options(ssl, SSL_OP_NO_QUERY_MTU);
  SSL_set_mtu(ssl, bytes);
}

static inline int parley_dtls_timeout(SSL *ssl, int64_t *seconds, int64_t *microseconds) {
  struct timeval left = {0, 0};
  if (DTLSv1_get_timeout(ssl, &left) != 1) return 0;
  *seconds = left.tv_sec;
  *microseconds = left.tv_usec;
  return 1;
}

/// Negative when it has been sent too often.
static inline int parley_dtls_retransmit(SSL *ssl) { return (int)DTLSv1_handle_timeout(ssl); }

static inline EVP_PKEY *parley_new_ec_key(void) { return EVP_EC_gen("P-256"); }
