"""turnutils_uclient with IPv6 relayed addresses, from an IPv6 and from an IPv4 client."""

from harness import daemons, uclient
from harness.relaychecks import Ledger


def run(context):
    """`-x` asks for an IPv6 relayed address; `-y` lets two of them talk to each other."""
    server = context.daemon(
        daemons.Turnd(context.port(), context.port(), hosts=("127.0.0.1", "::1")))
    for label, host in (("from IPv6", "::1"), ("from IPv4", "127.0.0.1")):
        ledger = Ledger(server)
        outcome = uclient.run(server, "-c", "-x", "-y", host=host, messages=200)
        ledger.check(context, label, outcome)

    # The other way round: no address family asked for means IPv4, whoever asks (RFC 8656 §7.2).
    ledger = Ledger(server)
    outcome = uclient.run(server, "-c", "-X", "-y", host="::1", messages=100)
    ledger.check(context, "IPv4 relayed addresses from IPv6", outcome)
