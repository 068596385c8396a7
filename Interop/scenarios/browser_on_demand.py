"""Chromium, relay on demand: none while the direct way works, and one when it ends."""

import subprocess

from harness import browsers, daemons, lab

# The packet filter is this scenario's own.
SECLUDED = True
ALONE = True

RELAY_PORTS = "49152-49251"

# UDP passes to and from the server's port and the relay's, and nowhere else. It gets lost on its
# way in, as in a network: what is dropped on its way out is an error to the sender.
BLOCK = """
table inet direct {
  chain inward {
    type filter hook input priority 0
    udp sport { %(ports)s } accept
    udp dport { %(ports)s } accept
    meta l4proto udp drop
  }
}
"""


def run(context):
    """Firefox, which takes its time, has a scenario of its own."""
    run_in(browsers.Chromium, context)


def run_in(browser, context):
    """A call that begins directly and loses that, then one that never had it."""
    server = context.daemon(daemons.Parleyd(
        context.port(), context.port(), context.port(), "--relay-policy", "on-demand",
        "--port-range", RELAY_PORTS))
    with browser() as window:
        moves(context, window, server)
        begins(context, window, server)


def filter_packets(rules):
    """Gives rules to the kernel, for this scenario's network."""
    subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)


def block(server):
    """From here on there is no direct way."""
    filter_packets(BLOCK % {"ports": f"{server.port}, {RELAY_PORTS}"})


def relayed(seen):
    """Whether the call goes through a relay, and is up."""
    return lab.talking(1)(seen) and seen["peers"][0]["relayed"]


def moves(context, window, server):
    """Directly at first; then through the relay, by the same connection."""
    people = lab.seats(window, server.url, "Ann", "Bo")
    before = lab.call(people, "moves")
    context.same(f"{window.name}: the call is direct", [
        seen["peers"][0]["relayed"] for seen in before], [False, False])
    context.same(f"{window.name}: and no relay was asked for",
                 server.admin.relay()["allocationsCreated"], 0)
    block(server)
    for seat in people:
        seat.do("seat.mark();")
    for seat in people:
        seen = seat.until(relayed, 40)
        frames = seen["peers"][0]["frames"]
        seen = seat.until(lambda now: now["peers"][0]["frames"] >= frames + 20, 10)
        peer = seen["peers"][0]
        context.ok(f"{window.name}, {seat.key}: the call moves to the relay",
                   peer["sameConnection"], f"media was away for {peer['longest']} ms")
        context.same(f"{window.name}, {seat.key}: no errors", seen["errors"], [])
    context.ok(f"{window.name}: the relay has allocations", server.admin.allocations())
    for seat in people:
        seat.do("room.leave();")


def begins(context, window, server):
    """No direct way from the first moment: the relay is asked for after a while."""
    people = lab.seats(window, server.url, "Ann", "Bo")
    for seat in people:
        seat.enter("begins")
    for seat in people:
        seen = seat.until(relayed, 30)
        context.same(f"{window.name}, {seat.key}: a call without a direct way comes up, no errors",
                     seen["errors"], [])
    for seat in people:
        seat.do("room.leave();")
