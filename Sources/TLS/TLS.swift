// TLS and DTLS as engines without sockets: bytes in, bytes out (RFC 8446, RFC 6347).
