"""Chromium and Firefox in one room: directly, through the relay, and across a cut."""

from harness import browsers, daemons, lab

# Firefox wants a network interface.
SECLUDED = True
ALONE = True


def run(context):
    """First as they like, then relay only."""
    server = context.daemon(daemons.Parleyd(
        context.port(), context.port(), context.port(), "--relay-policy", "fallback"))
    with browsers.Chromium() as one, browsers.Firefox() as other:
        for policy, through_relay in (("all", False), ("relay", True)):
            people = [*lab.seats(one, server.url, "Chromium"),
                      *lab.seats(other, server.url, "Firefox")]
            for seen, seat in zip(lab.call(people, "mixed", iceTransportPolicy=policy), people):
                context.same(f"{policy}: {seat.key} sees the other", [
                    peer["relayed"] for peer in seen["peers"]], [through_relay])
            for seat in people:
                seat.do("room.reconnect(); room.addTrack(lab.picture().getTracks()[0]);"
                        "room.send('on'); setTimeout(() => peer.send('channel'));")
            for seat in people:
                seen = seat.until(lambda seen: seen["messages"] and seen["peers"][0]["data"]
                                  and seen["peers"][0]["pictures"] == 2, 15)
                context.same(f"{policy}: {seat.key} gets what was sent across a reconnect, once",
                             (seen["messages"], seen["peers"][0]["data"], seen["errors"]),
                             (["on"], ["channel"], []))
            for seat in people:
                seat.do("room.leave();")
