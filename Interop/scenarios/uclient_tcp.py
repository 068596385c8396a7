"""turnutils_uclient over TCP: channels, indications, client to client, port pairs, IPv6."""

from harness import daemons, uclient
from harness.relaychecks import Ledger


def run(context):
    """Frames arrive cut and joined as TCP likes; what is relayed is the same as over UDP."""
    hosts = ("127.0.0.1", "::1")
    server = context.daemon(daemons.Turnd(context.port(), context.port(), hosts=hosts))
    peer = uclient.peer(context)
    for label, flags, host, length in (
            ("channels", ["-c", *peer], hosts[0], 170),
            ("channels, 1,203 bytes", ["-c", *peer], hosts[0], 1203),
            ("indications", ["-c", "-s", *peer], hosts[0], 170),
            ("client to client", ["-c", "-y"], hosts[0], 170),
            ("port pairs", peer, hosts[0], 170),
            ("IPv6", ["-c", "-x", "-y"], hosts[1], 170)):
        ledger = Ledger(server)
        outcome = uclient.run(server, "-t", *flags, host=host, length=length, messages=50)
        ledger.check(context, label, outcome)
