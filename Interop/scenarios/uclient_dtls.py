"""turnutils_uclient over DTLS, on the port that serves UDP, TCP and TLS too."""

from harness import daemons, uclient
from harness.authority import Authority
from harness.relaychecks import Ledger


def run(context):
    """Channels, indications and what fills a packet; then plain UDP on the same port."""
    port = context.port()
    certificate = Authority(context.logs).issue("localhost")
    server = context.daemon(daemons.Turnd(
        port, context.port(), more=(*certificate, "--listen", f"dtls:127.0.0.1:{port}")))
    peer = uclient.peer(context)
    for label, flags, length in (
            ("channels over DTLS", ["-S"], 170), ("indications over DTLS", ["-S", "-s"], 170),
            ("channels over DTLS, 1,200 bytes", ["-S"], 1200), ("UDP on the same port", [], 170)):
        ledger = Ledger(server)
        outcome = uclient.run(server, "-c", *flags, *peer, length=length, messages=50)
        ledger.check(context, label, outcome)
    sessions = server.admin.relay()["dtls"]
    context.ok("there were sessions", sessions["established"] >= 6, sessions)
    context.same("no handshake is left over", sessions["handshakes"], 0)
