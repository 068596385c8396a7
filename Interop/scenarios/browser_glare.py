"""Chromium and Firefox: both sides negotiate in the same moment, often; ICE restarts; the end."""

from harness import browsers, daemons, lab

# Firefox wants a network interface.
SECLUDED = True
ALONE = True

ROUNDS = 8
OVERTAKE_MS = 300


def run(context):
    """Both browsers, each with two people in one page."""
    for browser in (browsers.Chromium, browsers.Firefox):
        server = context.daemon(daemons.Parleyd(
            context.port(), context.port(), context.port(), "--relay-policy", "fallback"))
        with browser() as window:
            people = lab.seats(window, server.url, "Ann", "Bo")
            lab.call(people, "glare")
            glare(context, window, people)
            restarts(context, window, people)
            context.same(f"{window.name}: candidates that come ahead of their description wait",
                         window.ask(f"lab.overtake({OVERTAKE_MS})"), [])
            leaves(context, window, people)
        context.stop(server)


def settled(pictures):
    """Whether so many pictures come in and nothing is being negotiated."""
    return lambda seen: lab.talking(1)(seen) and all(
        peer["signaling"] == "stable" and peer["pictures"] == pictures for peer in seen["peers"])


def glare(context, window, people):
    """Offers that meet: at once, and while the last ones are still under way."""
    for pause in (0, 30):
        window.ask(f"lab.addAtOnce({ROUNDS // 2}, {pause})")
    for seat in people:
        seen = seat.until(settled(1 + ROUNDS), 15)
        context.same(f"{window.name}, {seat.key}: {ROUNDS} tracks added by both at once arrive",
                     seen["peers"][0]["tracks"], 1 + ROUNDS)
        context.same(f"{window.name}, {seat.key}: no errors", seen["errors"], [])


def restarts(context, window, people):
    """Both restart ICE at once; media goes on over the old way until there is the new one."""
    generation = (
        "return peer.connection.remoteDescription.sdp.match(/a=ice-ufrag:(\\S+)/)[1];")
    before = [seat.do(generation) for seat in people]
    window.ask("(async () => { for (const { room } of Object.values(lab.seats))"
               " for (const peer of room.peers.values()) peer.restart(); })()")
    for seat, old in zip(people, before):
        seat.until(lambda seen: settled(1 + ROUNDS)(seen) and seat.do(generation) != old, 15)
        seen = seat.look()
        context.ok(f"{window.name}, {seat.key}: both restart ICE at once, and talk on",
                   seen["peers"][0]["sameConnection"] and not seen["errors"], seen["errors"])


def leaves(context, window, people):
    """Who may not send others out learns that; who leaves is gone at once."""
    refused = people[0].do(
        "try { room.kick(peer); } catch (error) { return error.code; } return 'nothing';")
    context.same(f"{window.name}: who is no moderator cannot send others out", refused,
                 "not_permitted")
    people[0].do("room.leave();")
    seen = people[1].until(lambda seen: not seen["peers"], 5)
    context.same(f"{window.name}: a leave is told", seen["log"][-1], "left Ann left")
