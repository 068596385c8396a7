"""openssl s_client and the versions it is served: TLS 1.2 and 1.3 and DTLS 1.2, and none before."""

from harness import daemons
from harness.authority import Authority
from harness.handshakes import handshake


def run(context):
    """Handshakes by version, and what is agreed on by ALPN (RFC 7443)."""
    port = context.port()
    authority = Authority(context.logs)
    server = context.daemon(daemons.Turnd(
        port, context.port(), more=(
            *authority.issue("localhost"), "--listen", f"tls:127.0.0.1:{port}",
            "--listen", f"dtls:127.0.0.1:{port}")))
    for label, flags, expected in (
            ("TLS 1.3", ("-tls1_3",), True), ("TLS 1.2", ("-tls1_2",), True),
            ("TLS 1.1", ("-tls1_1",), False), ("TLS 1.0", ("-tls1",), False),
            ("DTLS 1.2", ("-dtls1_2",), True), ("DTLS 1.0", ("-dtls1",), False),
            ("TLS 1.2 without forward secrecy", ("-tls1_2", "-cipher", "AES128-SHA"), False),
            ("DTLS 1.2 without forward secrecy", ("-dtls1_2", "-cipher", "AES128-SHA"), False)):
        works, output = handshake(server.port, authority.path, *flags)
        if not context.ok(f"{label} is {'served' if expected else 'refused'}", works == expected):
            context.note(output[-1500:])
    for version in ("-tls1_3", "-dtls1_2"):
        _, output = handshake(
            server.port, authority.path, version, "-alpn", "stun.nat-discovery,stun.turn")
        context.ok(f"{version}: of the protocols offered, stun.turn is spoken",
                   "ALPN protocol: stun.turn" in output)
        works, _ = handshake(server.port, authority.path, version, "-alpn", "h2")
        context.ok(f"{version}: other protocols are refused", not works)
