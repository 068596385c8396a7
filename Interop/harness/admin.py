"""The admin endpoint: what the server says about itself."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

SECONDS_MAX = 5

SIDES = ("fromClient", "toClient", "fromPeer", "toPeer")


class Admin:
    """Asks one HTTP address, without a proxy whatever the environment says."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, path: str):
        """The JSON at `path`."""
        with self._opener.open(self.url + path, timeout=SECONDS_MAX) as response:
            return json.load(response)

    def post(self, path: str):
        """What the server says to a request that changes something."""
        request = urllib.request.Request(self.url + path, method="POST")
        with self._opener.open(request, timeout=SECONDS_MAX) as response:
            return json.load(response)

    def status(self, path: str) -> int:
        """The status of the answer at `path`; 0 without one."""
        try:
            with self._opener.open(self.url + path, timeout=SECONDS_MAX) as response:
                return response.status
        except urllib.error.HTTPError as refused:
            return refused.code
        except OSError:
            return 0

    def answers(self, path: str = "/stats") -> bool:
        """Whether there is a good answer at `path`."""
        try:
            with self._opener.open(self.url + path, timeout=SECONDS_MAX) as response:
                return response.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def relay(self) -> dict:
        """The counters of the relay."""
        return self.get("/stats")["relay"]

    def signaling(self) -> dict:
        """The counters of signaling."""
        return self.get("/stats")["signaling"]

    def allocations(self) -> list[dict]:
        """The allocations that live now."""
        return self.get("/allocations")["allocations"]

    def relayed(self) -> dict[str, tuple[int, int]]:
        """Packets and bytes on each side, of ended and of living allocations together. The client's
        side counts with the framing of TURN, the peers' side the payload alone."""
        counted = [self.relay()["closed"], *self.allocations()]
        return {side: (sum(each[side]["packets"] for each in counted),
                       sum(each[side]["bytes"] for each in counted)) for side in SIDES}

    def outcomes(self) -> dict[str, int]:
        """What became of what came from clients: each datagram is in one of these. A request that
        gets no answer because its network got too many counts as a request and as a drop."""
        relay = self.relay()
        drops = relay["drops"]
        withheld = drops.get("unauthenticatedRate", 0)
        return {"dropped": sum(drops.values()) - drops.get("irrelevantICMP", 0) + relay["unusable"],
                "answered": relay["bindingRequests"] + relay["requests"] - withheld,
                "relayed": self.relayed()["toPeer"][0],
                "not taken by the kernel": relay["sendFailures"]}
