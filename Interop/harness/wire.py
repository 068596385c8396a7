"""A WebSocket to the server on which everything said in both directions is kept."""

from __future__ import annotations

import collections
import json

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

SUBPROTOCOL = "parley.v1"
SECONDS_MAX = 5


class Recording:
    """What clients and server said, over all connections: side, connection, text."""

    def __init__(self) -> None:
        self.frames: list[tuple[str, int, str]] = []
        self.closes: collections.Counter[int] = collections.Counter()
        self._connections = 0

    def connect(self, url: str, **options) -> "Wire":
        """A new connection whose frames are kept here."""
        self._connections += 1
        return Wire(self, self._connections, url, **options)

    def said(self, side: str) -> list[dict]:
        """The messages of one side."""
        return [json.loads(text) for whose, _, text in self.frames if whose == side]


class Wire:
    """One connection. It numbers nothing by itself: a test says what is to be said."""

    def __init__(self, recording: Recording, number: int, url: str, **options) -> None:
        self._recording = recording
        self._number = number
        self._socket = connect(
            url.replace("http", "ws", 1) + "/signal", subprotocols=[SUBPROTOCOL], proxy=None,
            ping_interval=None, max_size=1 << 20, open_timeout=SECONDS_MAX, close_timeout=1,
            **options)
        self.sent = 0
        self.joined: dict = {}

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def say(self, message: object, keep: bool = True) -> None:
        """Says a message as it is. One that breaks the rules on purpose is not to be kept."""
        text = message if isinstance(message, str) else json.dumps(message)
        if keep:
            self._recording.frames.append(("client", self._number, text))
        self._socket.send(text)

    def send(self, kind: str, *, keep: bool = True, **members: object) -> int:
        """Says a message with the next number, which it returns."""
        self.sent += kind != "ping"
        self.say({"type": kind, "seq": self.sent, **members}, keep)
        return self.sent

    def hear(self) -> dict:
        """The next message of the server."""
        text = self._socket.recv(timeout=SECONDS_MAX)
        self._recording.frames.append(("server", self._number, text))
        return json.loads(text)

    def await_(self, kind: str, **members: object) -> dict:
        """The next message of this type and with these members, whatever comes before it."""
        while True:
            message = self.hear()
            if message["type"] == kind and members.items() <= message.items():
                return message

    def join(self, room: str, **members: object) -> dict:
        """Enters a room and returns what `joined` says."""
        self.send("join", room=room, **members)
        self.joined = self.await_("joined")
        return self.joined

    def resume(self, old: "Wire", ack: int, **members: object) -> dict:
        """Goes on with the session of another connection; returns what `joined` says."""
        self.sent = old.sent
        self.say({"type": "join", "seq": old.sent, "room": old.joined["room"], "resume": {
            "session": old.joined["session"], "ack": ack}, **members})
        self.joined = self.await_("joined")
        return self.joined

    def cut(self) -> None:
        """Ends the connection without a word."""
        self._socket.socket.close()

    def end(self) -> int | None:
        """The code that the server closes with, after what it still says; None if it does not."""
        try:
            while True:
                self.hear()
        except ConnectionClosed as end:
            code = end.rcvd.code if end.rcvd else 1006
            self._recording.closes[code] += 1
            return code
        except TimeoutError:
            return None
