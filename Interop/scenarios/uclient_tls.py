"""turnutils_uclient over TLS, on the port that serves UDP and TCP too."""

from harness import daemons, uclient
from harness.authority import Authority
from harness.relaychecks import Ledger


def run(context):
    """Channels, indications and port pairs. uclient takes a TLS record for one message, and loses
    what else is in it when several were waiting; so what it got has some tolerance, and what the
    relay gave it has none. It checks no certificates either: the browsers do that."""
    server = context.daemon(daemons.Turnd(
        context.port(), context.port(), more=Authority(context.logs).issue("localhost")))
    peer = uclient.peer(context)
    for label, flags, length in (("channels", ["-c"], 170), ("channels, 1,203 bytes", ["-c"], 1203),
                                 ("indications", ["-c", "-s"], 170), ("port pairs", [], 170)):
        ledger = Ledger(server)
        outcome = uclient.run(server, "-t", "-S", *flags, *peer, length=length, messages=50)
        context.ok(f"{label}: nearly all came back", 0 < 0.8 * outcome.sent <= outcome.received,
                   outcome.figures())
        ledger.check_counted(context, label, outcome)
        ledger.check_no_leak(context, label, outcome)
