// The parts of OpenSSL 3 that Parley uses: one-shot digests and MACs, and its random generator.
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
