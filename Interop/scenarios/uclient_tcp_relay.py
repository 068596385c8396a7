"""turnutils_uclient -T: clients whose relays connect to one another over TCP (RFC 6062)."""

from harness import daemons, uclient
from harness.admin import SIDES
from harness.process import wait_until
from harness.relaychecks import Ledger


def run(context):
    """Short messages, then long ones; over TCP what arrives is bytes, not messages."""
    server = context.daemon(daemons.Turnd(context.port(), context.port()))
    for length in (170, 1200):
        for flags in (("-t", "-T"), ("-t", "-T", "-y")):
            label = f"{' '.join(flags)}, {length} bytes"
            ledger = Ledger(server)
            outcome = uclient.run(server, *flags, messages=50, length=length)
            context.ok(f"{label}: nothing lost", outcome.sent > 0
                       and outcome.sent == outcome.received, outcome.figures())
            if outcome.sent == 0 or outcome.sent != outcome.received:
                context.note(outcome.output[-1500:])
            expected = {side: outcome.sent_bytes for side in SIDES}

            def counted(before=ledger.relayed):
                now = server.admin.relayed()
                return {side: now[side][1] - before[side][1] for side in SIDES}

            wait_until(lambda: counted() == expected, 3)
            context.same(f"{label}: the relay counted what was sent", counted(), expected)
            ledger.check_no_leak(context, label, outcome)
