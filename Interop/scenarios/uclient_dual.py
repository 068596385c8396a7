"""turnutils_uclient with an IPv4 and an IPv6 relayed address in one allocation."""

from harness import daemons, uclient
from harness.relaychecks import Ledger


def run(context):
    """`-Z` asks for both families, by the numbers of the draft; peers of either are reached. It may
    end by giving back one family alone, so what it leaves is not counted."""
    server = context.daemon(
        daemons.Turnd(context.port(), context.port(), hosts=("127.0.0.1", "::1")))
    for label, peer_host in (("an IPv4 peer", "127.0.0.1"), ("an IPv6 peer", "::1")):
        peer = uclient.peer(context, peer_host)
        ledger = Ledger(server)
        outcome = uclient.run(server, "-Z", "-c", *peer, messages=100)
        context.ok(f"{label}: nothing lost", 0 < outcome.sent == outcome.received,
                   outcome.figures())
        ledger.check_counted(context, label, outcome)
        both = [record for record in server.admin.allocations() if record.get("otherRelay")]
        context.ok(f"{label}: there are allocations of both families", both, len(both))
