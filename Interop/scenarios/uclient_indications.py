"""turnutils_uclient through Send and Data indications: all comes back, all is counted."""

from harness import daemons, uclient
from harness.relaychecks import Ledger


def run(context):
    """Two clients to an echoing peer, then two that ask the relay to set DF."""
    server = context.daemon(daemons.Turnd(context.port(), context.port()))
    peer = uclient.peer(context)
    ledger = Ledger(server)
    outcome = uclient.run(server, "-c", "-s", *peer)
    ledger.check(context, "indications", outcome)

    ledger = Ledger(server)
    outcome = uclient.run(server, "-c", "-s", "-g", *peer)
    ledger.check(context, "indications with DONT-FRAGMENT", outcome)
