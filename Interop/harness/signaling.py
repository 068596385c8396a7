"""A signaling client written from Docs/protocol.md alone, so that it also tries the document."""

from __future__ import annotations

import contextlib
import json

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

SUBPROTOCOL = "parley.v1"
SECONDS_MAX = 5


class Session:
    """One WebSocket that counts both directions as the chapter "Numbers" says."""

    def __init__(self, base_url: str, origin: str | None = None,
                 source: str | None = None, compression: str | None = None) -> None:
        self.sent = 0
        self.received = 0
        self.joined: dict = {}
        self.socket = connect(
            base_url.replace("http", "ws", 1) + "/signal", subprotocols=[SUBPROTOCOL],
            origin=origin, proxy=None, compression=compression, ping_interval=None,
            max_size=1 << 20, open_timeout=SECONDS_MAX, close_timeout=1,
            source_address=None if source is None else (source, 0))

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        if self.joined:
            with contextlib.suppress(ConnectionClosed, OSError):
                self.send("leave")  # else the room would wait for us to come back
        self.socket.close()

    @property
    def name(self) -> str:
        """What the others in the room call us."""
        return self.joined["peer"]

    def send(self, kind: str, **members: object) -> int:
        """Sends a message and returns its number. `ping` repeats the last number used."""
        if kind != "ping":
            self.sent += 1
        self.socket.send(json.dumps({"type": kind, "seq": self.sent, **members}))
        return self.sent

    def receive(self) -> dict:
        """The next message; raises when the server's numbers have a gap or go backwards."""
        message = json.loads(self.socket.recv(timeout=SECONDS_MAX))
        if message["type"] != "pong":
            self.received += 1
        if message["seq"] != self.received:
            raise ValueError(f"{message['type']} has seq {message['seq']}, not {self.received}")
        return message

    def expect(self, kind: str) -> dict:
        """The next message, which has to be of this type."""
        message = self.receive()
        if message["type"] != kind:
            raise ValueError(f"expected {kind}, got {json.dumps(message)[:300]}")
        return message

    def join(self, room: str, **members: object) -> dict:
        """Enters a room and returns what `joined` says."""
        self.send("join", room=room, **members)
        self.joined = self.expect("joined")
        return self.joined

    def closed(self) -> int | None:
        """The code that the server closes with, after whatever it still says; None if it does
        not close in time."""
        try:
            while True:
                self.socket.recv(timeout=SECONDS_MAX)
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd else 1006
        except TimeoutError:
            return None

    def relay(self) -> tuple[str, int, str, str] | None:
        """Host, port, user name and password of the first TURN server in `joined`."""
        for server in self.joined["iceServers"]:
            for url in server["urls"]:
                if url.startswith("turn:"):
                    host, port = url.removeprefix("turn:").split("?")[0].rsplit(":", 1)
                    return host.strip("[]"), int(port), server["username"], server["credential"]
        return None
