"""turnutils_uclient that changes its port after Allocate and takes the allocation along."""

from harness import daemons, uclient
from harness.relaychecks import Ledger


def run(context):
    """RFC 8016 over UDP: once on one event loop, then from loop to loop."""
    for threads in (1, 4):
        server = context.daemon(daemons.Turnd(
            context.port(), context.port(), more=("--mobility",), threads=threads))
        peer = uclient.peer(context)
        ledger = Ledger(server)
        outcome = uclient.run(server, "-c", "-M", *peer, clients=8, messages=50)
        ledger.check(context, f"mobility, {threads} loops", outcome)
