"""turnutils_uclient through channels to an echoing peer: all comes back, all is counted."""

from harness import daemons, uclient
from harness.relaychecks import Ledger


def run(context):
    """Two clients, small messages, then few that fill a packet."""
    server = context.daemon(daemons.Turnd(context.port(), context.port()))
    peer = uclient.peer(context)
    ledger = Ledger(server)
    outcome = uclient.run(server, "-c", *peer)
    ledger.check(context, "channels", outcome)

    ledger = Ledger(server)
    outcome = uclient.run(server, "-c", *peer, messages=50, length=1200)
    ledger.check(context, "channels, 1,200 bytes", outcome)

    # RFC 8656 §12.5: over UDP padding is not needed, and may come.
    ledger = Ledger(server)
    outcome = uclient.run(server, "-c", "-D", *peer, messages=50)
    ledger.check(context, "channels, padded", outcome)

    # DONT-FRAGMENT in Allocate: not refused where the DF bit can be set.
    ledger = Ledger(server)
    outcome = uclient.run(server, "-c", "-g", *peer, messages=50)
    ledger.check(context, "channels, DONT-FRAGMENT", outcome)
