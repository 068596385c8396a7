"""Seats in rooms: calls of the browser library in a page of the server, steered from outside.

The page is one of the server's own, so that the library comes from there; `browser/lab.js` is put
into it.
"""

from __future__ import annotations

import json
import time

from harness.context import ROOT

SCRIPT = (ROOT / "Interop" / "browser" / "lab.js").read_text(encoding="utf-8")

POLL_SECONDS = 0.1
CALL_SECONDS_MAX = 15


class Seat:
    """One person in a page."""

    def __init__(self, browser, key: str) -> None:
        self.browser = browser
        self.key = key

    def enter(self, room: str, **options: object) -> dict:
        """Joins; what it sees then, or `{"error": CODE}`."""
        words = ", ".join(json.dumps(each) for each in (self.key, room, options))
        return self.browser.ask(f"lab.enter({words})")

    def look(self) -> dict:
        """What it sees of the room, the peers, and what came."""
        return self.do("return seat.look();")

    def do(self, action: str) -> object:
        """Runs JavaScript that has `seat`, `room` and the first `peer`; what it returns."""
        return self.browser.ask(
            "(async (seat, room, peer) => {" + action + "})(...((seat) => [seat, seat.room,"
            f" [...seat.room.peers.values()][0]])(lab.seats[{json.dumps(self.key)}]))")

    def until(self, holds, seconds: float) -> dict:
        """What it sees when `holds` of it is true; raises when that is not in time."""
        end = time.monotonic() + seconds
        while True:
            seen = self.look()
            if holds(seen):
                return seen
            if time.monotonic() > end:
                raise TimeoutError(f"{self.key} waited for {seconds} s and sees {seen}")
            time.sleep(POLL_SECONDS)


def seats(browser, url: str, *keys: str) -> list[Seat]:
    """A page of the server with so many people in it."""
    browser.open(url + "/parley.d.ts")
    browser.ask(f"(async () => {{ {SCRIPT} }})()")
    return [Seat(browser, key) for key in keys]


def call(people: list[Seat], room: str, **options: object) -> list[dict]:
    """All of them in one room and talking; what they see then."""
    for seat in people:
        answer = seat.enter(room, **options)
        if "error" in answer:
            raise RuntimeError(f"{seat.key} cannot join: {answer['error']}")
    return [seat.until(talking(len(people) - 1), CALL_SECONDS_MAX) for seat in people]


def talking(count: int):
    """Whether so many peers are connected, with data channel and picture."""
    def holds(seen: dict) -> bool:
        return len(seen["peers"]) == count and all(
            peer["state"] == "connected" and peer["channel"] == "open" and peer["frames"] > 0
            for peer in seen["peers"])
    return holds


def is_state(state: str):
    """Whether the room is in this state."""
    return lambda seen: seen["state"] == state
