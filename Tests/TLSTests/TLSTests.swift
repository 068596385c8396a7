// Tests of the TLS and DTLS engines.
