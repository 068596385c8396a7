// The parts of OpenSSL 3 that Parley and its tests use, and, as functions, what OpenSSL has only
// as macros, which Swift cannot import.
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <sys/time.h>

/// HMAC over two pieces, one behind the other; `out` has room for 32 bytes. Returns the length, or
/// 0. A context costs three times what it computes, so each thread keeps one for each digest.
static inline size_t parley_hmac(int is_sha256, const uint8_t *key, size_t key_length,
                                 const uint8_t *head, size_t head_length, const uint8_t *tail,
                                 size_t tail_length, uint8_t *out) {
  static _Thread_local EVP_MAC_CTX *contexts[2];
  EVP_MAC_CTX **context = &contexts[is_sha256 != 0];
  size_t length = 0;
  if (!*context) {
    char sha1[] = "SHA1", sha256[] = "SHA256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, is_sha256 ? sha256 : sha1, 0),
        OSSL_PARAM_construct_end()};
    EVP_MAC *algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
    *context = EVP_MAC_CTX_new(algorithm);
    EVP_MAC_free(algorithm);
    if (!*context || !EVP_MAC_CTX_set_params(*context, parameters)) return 0;
  }
  // Without a key OpenSSL would go on with the one before.
  if (!EVP_MAC_init(*context, key ? key : (const uint8_t *)"", key_length, NULL) ||
      !EVP_MAC_update(*context, head, head_length) ||
      !EVP_MAC_update(*context, tail, tail_length) ||
      !EVP_MAC_final(*context, out, &length, 32))
    return 0;
  return length;
}

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

/// The key of `type` that has the numbers in `builder`, which is freed; NULL when it is none.
static inline EVP_PKEY *parley_key_from(
    const char *type, OSSL_PARAM_BLD *builder, int has_private) {
  EVP_PKEY *key = NULL;
  OSSL_PARAM *numbers = builder ? OSSL_PARAM_BLD_to_param(builder) : NULL;
  EVP_PKEY_CTX *context = numbers ? EVP_PKEY_CTX_new_from_name(NULL, type, NULL) : NULL;
  int selection = has_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
  if (context && EVP_PKEY_fromdata_init(context) == 1)
    EVP_PKEY_fromdata(context, &key, selection, numbers);
  EVP_PKEY_CTX_free(context);
  OSSL_PARAM_free(numbers);
  OSSL_PARAM_BLD_free(builder);
  return key;
}

/// An RSA key of its numbers, most significant byte first; `d_length` 0 for a public one.
static inline EVP_PKEY *parley_rsa_key(
    const uint8_t *n, int n_length, const uint8_t *e, int e_length, const uint8_t *d,
    int d_length) {
  EVP_PKEY *key = NULL;
  BIGNUM *modulus = BN_bin2bn(n, n_length, NULL);
  BIGNUM *exponent = BN_bin2bn(e, e_length, NULL);
  BIGNUM *secret = BN_bin2bn(d, d_length, NULL);
  OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
  if (modulus && exponent && secret && builder
      && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) == 1
      && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent) == 1
      && (d_length == 0 || OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_D, secret) == 1)) {
    key = parley_key_from("RSA", builder, d_length > 0);
  } else {
    OSSL_PARAM_BLD_free(builder);
  }
  BN_free(modulus);
  BN_free(exponent);
  BN_clear_free(secret);
  return key;
}

/// A key on P-256 of its uncompressed point (SEC 1 §2.3.3); `d_length` 0 for a public one.
static inline EVP_PKEY *parley_p256_key(
    const uint8_t *point, size_t point_length, const uint8_t *d, int d_length) {
  EVP_PKEY *key = NULL;
  BIGNUM *secret = BN_bin2bn(d, d_length, NULL);
  OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
  if (secret && builder
      && OSSL_PARAM_BLD_push_utf8_string(
             builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1
      && OSSL_PARAM_BLD_push_octet_string(
             builder, OSSL_PKEY_PARAM_PUB_KEY, point, point_length) == 1
      && (d_length == 0
          || OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, secret) == 1)) {
    key = parley_key_from("EC", builder, d_length > 0);
  } else {
    OSSL_PARAM_BLD_free(builder);
  }
  BN_clear_free(secret);
  return key;
}

/// 1 when the public part can be one: a point of its curve, a modulus that is no prime.
static inline int parley_public_key_is_sound(EVP_PKEY *key) {
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
  int sound = context && EVP_PKEY_public_check(context) == 1;
  EVP_PKEY_CTX_free(context);
  return sound;
}

/// Gives OpenSSL no password, where it would ask the terminal for one.
static inline int parley_no_password(char *buffer, int size, int writes, void *context) {
  (void)buffer, (void)size, (void)writes, (void)context;
  return -1;
}

/// The first private key of a PEM text, or else its first public key; NULL when there is neither.
static inline EVP_PKEY *parley_pem_key(const uint8_t *text, int length, int *is_private) {
  BIO *input = BIO_new_mem_buf(text, length);
  EVP_PKEY *key = PEM_read_bio_PrivateKey(input, NULL, parley_no_password, NULL);
  *is_private = key != NULL;
  BIO_free(input);
  if (key) return key;
  input = BIO_new_mem_buf(text, length);
  key = PEM_read_bio_PUBKEY(input, NULL, parley_no_password, NULL);
  BIO_free(input);
  return key;
}

enum {
  PARLEY_ECDSA_RAW_HALF = 32, ///< bytes of a number of P-256
  PARLEY_ECDSA_DER_MAX = 72   ///< bytes of a signature on P-256 in DER, at most
};

/// The signature in DER, of the two numbers of `raw`: its length, 0 when memory is short.
static inline int parley_ecdsa_to_der(const uint8_t *raw, uint8_t *der) {
  ECDSA_SIG *signature = ECDSA_SIG_new();
  BIGNUM *r = BN_bin2bn(raw, PARLEY_ECDSA_RAW_HALF, NULL);
  BIGNUM *s = BN_bin2bn(raw + PARLEY_ECDSA_RAW_HALF, PARLEY_ECDSA_RAW_HALF, NULL);
  int length = 0;
  if (signature && r && s && ECDSA_SIG_set0(signature, r, s) == 1) {
    length = i2d_ECDSA_SIG(signature, &der);
  } else {
    BN_free(r);
    BN_free(s);
  }
  ECDSA_SIG_free(signature);
  return length > 0 ? length : 0;
}

/// The two numbers of the signature in DER; 0 when it is none.
static inline int parley_ecdsa_to_raw(const uint8_t *der, long length, uint8_t *raw) {
  ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, length);
  if (!signature) return 0;
  int done = BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, PARLEY_ECDSA_RAW_HALF) > 0
      && BN_bn2binpad(
             ECDSA_SIG_get0_s(signature), raw + PARLEY_ECDSA_RAW_HALF, PARLEY_ECDSA_RAW_HALF) > 0;
  ECDSA_SIG_free(signature);
  return done;
}
