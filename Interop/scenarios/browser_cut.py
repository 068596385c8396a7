"""Chromium and Firefox: the connection to the server is cut, and nothing of the call is lost."""

from browser.cuttable import CuttableProxy
from harness import browsers, daemons, lab

# Firefox wants a network interface.
SECLUDED = True
ALONE = True

MESSAGES = 20
# Media must not notice; what a busy machine lets it wait is far below a cut.
MEDIA_SECONDS_MAX = 2


def run(context):
    """One side is cut, then both at once; both times there is much to say meanwhile."""
    for browser in (browsers.Chromium, browsers.Firefox):
        http = context.port()
        server = context.daemon(daemons.Parleyd(
            context.port(), http, context.port(), "--relay-policy", "fallback",
            "--allow-origin", f"http://127.0.0.1:{http}"))
        with browser() as window:
            ways = [CuttableProxy("127.0.0.1", http) for _ in range(2)]
            with ways[0], ways[1]:
                call(context, window, server, ways)
        context.stop(server)


def call(context, window, server, ways):
    """Two people in one page, each with a way to the server that can be cut."""
    people = lab.seats(window, server.url, "Ann", "Bo")
    for seat, way in zip(people, ways):
        seat.enter("cut", url=f"http://127.0.0.1:{way.port}/signal")
    before = [seat.until(lab.talking(1), lab.CALL_SECONDS_MAX) for seat in people]
    for seat in people:
        seat.do("seat.mark();")
    sent = {"Ann": [], "Bo": []}
    for label, cut in (("one side", ways[:1]), ("both sides", ways)):
        interrupt(people, cut, sent)
        after = [seat.until(lambda seen: seen["state"] == "connected" and len(
            seen["messages"]) >= len(sent["Ann"]), 15) for seat in people]
        judge(context, f"{window.name}, {label} cut", before, after, sent)
    seen = people[1].look()["log"]
    context.ok(f"{window.name}: the other side sees who is cut, and that he is back",
               seen[:3] == ["peer Ann", "suspended Ann", "resumed Ann"], seen)
    for seat in people:
        seen = seat.until(lambda seen: seen["peers"][0]["pictures"] == 3, 10)
        context.same(f"{window.name}: a track added during each cut arrives at {seat.key}'s",
                     seen["peers"][0]["tracks"], 3)


def interrupt(people, ways, sent):
    """Cuts, speaks and negotiates meanwhile, mends."""
    for way in ways:
        way.cut()
    for seat in people[:len(ways)]:
        seat.until(lab.is_state("reconnecting"), 5)
    for seat in people:
        words = [f"{seat.key} {len(sent[seat.key]) + place}" for place in range(MESSAGES)]
        sent[seat.key] += words
        # Every second one to the peer, the others to everybody.
        seat.do("room.addTrack(lab.picture().getTracks()[0]);"
                f"{words}.forEach((word, place) => room.send(word, place % 2 ? peer : undefined));")
    for way in ways:
        way.mend()


def judge(context, label, before, after, sent):
    """The same session, the same connection, each message once and in order, and media."""
    for old, new, other in zip(before, after, ("Bo", "Ann")):
        name = "Bo" if other == "Ann" else "Ann"
        context.same(f"{label}: {name} has the same id", new["id"], old["id"])
        peer = new["peers"][0]
        context.ok(f"{label}: {name}'s connection is the same and never left connected",
                   peer["id"] == old["peers"][0]["id"] and peer["sameConnection"]
                   and peer["ice"] == [], peer["ice"])
        context.ok(f"{label}: {name} got what {other} said, each once and in order",
                   new["messages"] == sent[other], len(new["messages"]))
        context.ok(f"{label}: {name}'s picture never stops for {MEDIA_SECONDS_MAX} s",
                   peer["longest"] < MEDIA_SECONDS_MAX * 1000, f"{peer['longest']} ms at most")
        context.same(f"{label}: {name} sees no errors", new["errors"], [])
