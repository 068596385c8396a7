"""Chromium and Firefox: a moderator sends one out, then everybody; join tokens; statistics."""

import base64
import hashlib
import hmac
import json
import time

from harness import browsers, daemons, lab

# Firefox wants a network interface.
SECLUDED = True
ALONE = True

SECRET = "a join secret of thirty-two bytes, or rather more"


def run(context):
    """Both browsers, each with a moderator and two others in one page."""
    server = context.daemon(daemons.Parleyd(
        context.port(), context.port(), context.port(), "--relay-policy", "fallback",
        "--join-secret", SECRET))
    for browser in (browsers.Chromium, browsers.Firefox):
        with browser() as window:
            moderate(context, window, server)


def token(name, *can):
    """A join token, as a backend would make it."""
    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    now = int(time.time())
    claims = {"room": "moderated", "name": name, "can": can, "iat": now, "exp": now + 600}
    signed = b".".join(part(json.dumps(each).encode()) for each in (
        {"alg": "HS256", "typ": "JWT"}, claims))
    signature = hmac.digest(SECRET.encode(), signed, hashlib.sha256)
    return (signed + b"." + part(signature)).decode()


def moderate(context, window, server):
    """Who is sent out does not come back by itself; the others go on."""
    people = lab.seats(window, server.url, "Ann", "Bo", "Cy")
    ann, bo, cy = people
    context.same(f"{window.name}: without a token nobody gets in", ann.enter("moderated"),
                 {"error": "bad_token"})
    for seat in people:
        rights = ["signal", "message"] + ["moderate"] * (seat is ann)
        seat.enter("moderated", token=token(seat.key, *rights))
    for seat in people:
        seat.until(lab.talking(2), lab.CALL_SECONDS_MAX)
    stats = ann.do("""return new Promise((resolve) => {
        const seen = []; // the first has nothing before it to make a rate of
        peer.on("stats", (now) => {
            seen.push(now);
            if (now.receiveBitrate > 0 || seen.length === 4) resolve(seen);
        });
    });""")
    context.ok(f"{window.name}: statistics come while somebody listens, with bit rates",
               (stats[-1]["receiveBitrate"] or 0) > 0 and stats[-1]["relayed"] is False,
               [each.get("receiveBitrate") for each in stats])
    ann.do("room.kick([...room.peers.values()].find(({ name }) => name === 'Bo'), 'too loud');")
    seen = bo.until(lab.is_state("closed"), 5)
    context.same(f"{window.name}: who is sent out learns why, and stays out",
                 (seen["log"][-1], "kicked too loud" in seen["errors"]), ("closed kicked", True))
    for seat in (ann, cy):
        seen = seat.until(lab.talking(1), 5)
        context.same(f"{window.name}, {seat.key}: the others see that and go on",
                     seen["log"][-1], "left Bo kicked")
    ann.do("room.close('good night');")
    for seat in (ann, cy):
        seen = seat.until(lab.is_state("closed"), 5)
        context.same(f"{window.name}, {seat.key}: a closed room is closed for everybody",
                     seen["log"][-1], "closed room_closed")
