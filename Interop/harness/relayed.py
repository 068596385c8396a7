"""What is judged of two ends that talked through the relay only, whoever they were."""

from __future__ import annotations

from harness import browsers, daemons
from harness.process import wait_until


def judge_browser(context, server: daemons.Turnd, label: str, result: dict,
                  transport: str) -> None:
    """Holds a conversation of one page with itself to what had to come of it."""
    context.same(f"{label}: errors", result["errors"], [])
    context.same(f"{label}: only relayed candidates", set(result["types"]), {"relay"})
    context.same(f"{label}: both ends' own candidate, and the way to its relay",
                 result["pairs"], [["relay", transport]] * 2)
    context.same(f"{label}: echoes in order", result["echoes"], browsers.MESSAGES)
    if result["gathering"]:
        context.note(f"{label}: while gathering: {result['gathering']}")


def judge_relay(context, server: daemons.Turnd, label: str, payload: int) -> None:
    """The relay's own counters know of so many bytes at least, and nothing is left."""
    context.ok(f"{label}: no allocation left",
               wait_until(lambda: not server.admin.allocations(), 10))
    count = server.admin.relayed()["toPeer"][1]
    context.ok(f"{label}: the relay counted at least the payload", count >= payload,
               f"{count} bytes to peers")
