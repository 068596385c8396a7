"""Chromium and Firefox: the server is killed and started again, and calls go on as they were."""

import signal

from harness import browsers, context as world, daemons, lab

# Firefox wants a network interface.
SECLUDED = True
ALONE = True

MEDIA_SECONDS_MAX = 2


def run(context):
    """Both browsers under one server, one after the other."""
    for browser in (browsers.Chromium, browsers.Firefox):
        server = context.daemon(daemons.Parleyd(
            context.port(), context.port(), context.port(), "--relay-policy", "fallback",
            "--secret", "a secret that sessions can be told by after a restart"))
        with browser() as window:
            restart(context, window, server)
        context.stop(server)


def restart(context, window, server):
    """Killed without a word, so that nothing of the rooms is left but what the browsers hold."""
    people = lab.seats(window, server.url, "Ann", "Bo")
    before = lab.call(people, "restart")
    for seat in people:
        seat.do("seat.mark();")
    server.process.send(signal.SIGKILL)
    for seat in people:
        seat.until(lab.is_state("reconnecting"), 5)
    server.start(world.BINARIES, context.logs)
    server.wait_ready()
    for seat, old in zip(people, before):
        new = seat.until(lambda seen: seen["state"] == "connected" and not any(
            peer["suspended"] for peer in seen["peers"]), 15)
        label = f"{window.name}, {seat.key}"
        peer = new["peers"][0]
        context.ok(f"{label}: the session is resumed with a gap, under the same id",
                   new["id"] == old["id"] and "gap restart" in new["log"], new["log"])
        context.ok(f"{label}: the connection is the same and never left connected",
                   peer["id"] == old["peers"][0]["id"] and peer["sameConnection"]
                   and peer["ice"] == [], peer["ice"])
        context.ok(f"{label}: the picture never stops for {MEDIA_SECONDS_MAX} s",
                   peer["longest"] < MEDIA_SECONDS_MAX * 1000, f"{peer['longest']} ms at most")
    for seat in people:
        seat.do(f"room.send('{seat.key} is here'); room.addTrack(lab.picture().getTracks()[0]);")
    for seat, other in zip(people, ("Bo", "Ann")):
        new = seat.until(lambda seen: seen["messages"] and seen["peers"][0]["pictures"] == 2, 15)
        context.same(f"{window.name}, {seat.key}: messages and negotiations work as before",
                     new["messages"], [f"{other} is here"])
        context.same(f"{window.name}, {seat.key}: no errors", new["errors"], [])
