"""turnutils_uclient with neighbouring ports for RTP and RTCP: EVEN-PORT, RESERVATION-TOKEN."""

from harness import daemons, uclient
from harness.relaychecks import Ledger


def run(context):
    """To an echoing peer."""
    server = context.daemon(daemons.Turnd(context.port(), context.port()))
    peer = uclient.peer(context)
    ledger = Ledger(server)
    ledger.check(context, "to a peer", uclient.run(server, *peer, messages=100))
