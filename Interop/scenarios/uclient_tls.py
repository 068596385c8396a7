"""turnutils_uclient over TLS, on the port that serves UDP and TCP too."""

from harness import daemons, uclient
from harness.authority import Authority
from harness.relaychecks import Ledger


def run(context):
    """Channels, indications and port pairs. uclient takes a TLS record for one message, so that
    what shares a record with another is lost to it. It checks no certificates: browsers do that."""
    server = context.daemon(daemons.Turnd(
        context.port(), context.port(), more=Authority(context.logs).issue("localhost")))
    peer = uclient.peer(context)
    for label, flags, length in (("channels", ["-c"], 170), ("channels, 1,203 bytes", ["-c"], 1203),
                                 ("indications", ["-c", "-s"], 170), ("port pairs", [], 170)):
        ledger = Ledger(server)
        outcome = uclient.run(server, "-t", "-S", *flags, *peer, length=length, messages=50)
        ledger.check(context, label, outcome)
