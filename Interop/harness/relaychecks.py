"""What every uclient scenario wants of the relay afterwards."""

from __future__ import annotations

from harness import daemons, uclient
from harness.admin import SIDES
from harness.process import wait_until


def framing(run: uclient.Outcome) -> dict[str, int]:
    """Bytes in front of and behind the payload of each message, on the client's side.

    RFC 8656 §12.4: a channel's header is 4 bytes, and a message is padded to four of them over
    streams, but not over UDP, unless uclient was asked for it (-D). An indication is a STUN header,
    XOR-PEER-ADDRESS, and DATA with its padding; uclient adds a FINGERPRINT to its own, and with -g
    DONT-FRAGMENT, which has no value.
    """
    if "-s" not in run.flags:
        padding = -run.length % 4
        return {"fromClient": 4 + padding * bool({"-t", "-D"} & set(run.flags)),
                "toClient": 4 + padding * ("-t" in run.flags)}
    address = 4 + (20 if "-x" in run.flags else 8)
    around = 20 + address + 4 + -run.length % 4
    return {"fromClient": around + 8 + 4 * ("-g" in run.flags), "toClient": around}


class Ledger:
    """The relay's counters around one run of uclient."""

    def __init__(self, server: daemons.Turnd) -> None:
        self.server = server
        self.relayed = server.admin.relayed()
        self.created = server.admin.relay()["allocationsCreated"]
        self.live = len(server.admin.allocations())

    def check(self, context, label: str, run: uclient.Outcome) -> None:
        """Holds the counters to what uclient printed, and that to perfection."""
        context.ok(f"{label}: nothing lost", run.sent > 0 and run.sent == run.received
                   and run.sent_bytes == run.received_bytes, run.figures())
        if run.sent == 0 or run.sent != run.received:
            context.note(run.output[-1500:])
        self.check_counted(context, label, run)
        self.check_no_leak(context, label, run)

    def check_counted(self, context, label: str, run: uclient.Outcome) -> None:
        """Holds the counters to what uclient sent.

        There is no tolerance. Each message goes through the relay twice, whether it comes back from
        an echoing peer (out by one allocation, back by the same) or goes from one allocation to
        another: client → relay → peer, then peer → relay → client. So on each of the four sides the
        relay sees just the messages that uclient sent: on the peers' side their payload, on the
        client's side with the framing that `framing` tells byte by byte. uclient retransmits
        nothing but requests, and those are not relayed.
        """
        framed = framing(run)
        expected = {side: (run.sent, run.sent_bytes + run.sent * framed.get(side, 0))
                    for side in SIDES}

        def counted() -> dict[str, tuple[int, int]]:
            now = self.server.admin.relayed()
            return {side: (now[side][0] - self.relayed[side][0],
                           now[side][1] - self.relayed[side][1]) for side in SIDES}

        wait_until(lambda: counted() == expected, 3)
        context.same(f"{label}: the relay counted what was sent", counted(), expected)

    def check_no_leak(self, context, label: str, run: uclient.Outcome) -> None:
        """Every allocation but those that uclient itself forgets is gone; over a stream those too,
        for its end is theirs."""
        forgotten = uclient.forgotten(run.clients, run.flags)
        kept = 0 if "-t" in run.flags else forgotten

        def left() -> int:
            return len(self.server.admin.allocations()) - self.live

        wait_until(lambda: left() <= kept, 5)
        created = self.server.admin.relay()["allocationsCreated"] - self.created
        context.ok(f"{label}: no allocation leaked",
                   left() == kept and created == forgotten + run.clients,
                   f"created {created}, left {left()}; uclient forgets {forgotten}")
