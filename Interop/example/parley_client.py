"""A client of `parley.v1` in as few lines as it takes, written from Docs/protocol.md alone.

    async with Client("ws://127.0.0.1:8080/signal", "tea", name="Ann") as ann:
        async for message in ann:
            if message["type"] == "presence":
                ...
            ann.send({"type": "offer", "to": peer, "sdp": sdp})

It numbers, acknowledges, comes back, and sends again what did not arrive. Its user sees every
message of the server once and in order, but for `ping`'s answers; those of type `joined` say what
became of the session after a cut, and the last one is `{"type": "closed", …}`.

To try it: `python parley_client.py ws://127.0.0.1:8080/signal ROOM NAME`; each line of input is
said to everybody in the room.
"""

from __future__ import annotations

import asyncio
import collections
import json
import random
import sys
import time

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

SUBPROTOCOL = "parley.v1"
JOIN_SECONDS_MAX = 10
PAUSE_SECONDS_MAX = 15
# The server keeps 256 messages that were not acknowledged; so ask before there are so many.
UNACKNOWLEDGED_MAX = 100
# What breaks RFC 6455 or a limit; coming back would not make it better.
FAULTS = (1002, 1003, 1007, 1008, 1009)


class Broken(Exception):
    """This connection is of no more use; the session goes on over another."""


class Client:
    """One session in one room, over as many connections as it takes."""

    def __init__(self, url: str, room: str, *, name: str = "", token: str | None = None) -> None:
        self._url = url
        self._hello = {"room": room, "name": name} | ({"token": token} if token else {})
        self.joined: dict = {}  # the last `joined`
        self.peers: dict[str, dict] = {}  # who else is in the room, by peer
        self._sent = 0  # our last number
        self._received = 0  # the server's last number that we have
        self._confirmed = 0  # how far we have acknowledged
        self._under_way: collections.deque[dict] = collections.deque()  # numbered, unacknowledged
        self._waiting: asyncio.Queue[dict] = asyncio.Queue()  # not numbered yet
        self._messages: asyncio.Queue[dict] = asyncio.Queue()  # for our user
        self._round_trip: int | None = None  # milliseconds
        self._pinged = 0.0
        self._heard = 0.0
        self._socket = None

    async def __aenter__(self) -> "Client":
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def __aiter__(self):
        while (message := await self._messages.get())["type"] != "closed":
            yield message
        yield message

    async def next(self) -> dict:
        """The next message of the server."""
        return await self._messages.get()

    def send(self, message: dict) -> None:
        """Sends a message; after a cut it goes out when the connection is back."""
        self._waiting.put_nowait(message)

    def cut(self) -> None:
        """Throws the connection away as a network does, for instance to move to another one."""
        if self._socket is not None:
            self._socket.transport.abort()

    # Connections

    async def _run(self) -> None:
        attempt = 0
        while True:
            self._error: dict = {}  # the last one of this connection
            self._here = False
            code = await self._connection()
            if code in FAULTS or 4100 <= code <= 4199:
                self._messages.put_nowait({"type": "closed", "code": code, "error": self._error})
                return
            attempt = 0 if self._here else attempt + 1
            pause = random.uniform(0, min(PAUSE_SECONDS_MAX, 0.5 * 2**attempt))
            await asyncio.sleep(self._error.get("retryAfter", 0) / 1000 + pause)

    async def _connection(self) -> int:
        """One connection from its beginning to its end; returns the code it was closed with."""
        tasks: list[asyncio.Task] = []
        try:
            async with connect(self._url, subprotocols=[SUBPROTOCOL], ping_interval=None,
                               proxy=None, close_timeout=1) as self._socket:
                async with asyncio.timeout(JOIN_SECONDS_MAX):
                    await self._join()
                tasks = [asyncio.create_task(self._write()), asyncio.create_task(self._beat())]
                while True:
                    message = json.loads(await self._socket.recv())
                    if self._is_news(message):
                        await self._take(message)
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd else 1006
        except (Broken, OSError, TimeoutError, InvalidHandshake):
            return 1006
        finally:
            self._socket = None
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _join(self) -> None:
        join = {"type": "join", "seq": 1, **self._hello}
        if self.joined:
            # A join that resumes takes no number: it repeats the last one.
            join |= {"seq": self._sent, "resume": {
                "session": self.joined["session"], "ack": self._received}}
        await self._socket.send(json.dumps(join))
        while (message := json.loads(await self._socket.recv()))["type"] != "joined":
            if message["type"] == "error":  # a close follows
                self._error = message
        self._here = True
        self._heard = time.monotonic()
        if not message["resumed"]:
            # Somebody new: what was under way was meant for others who do not know us any more.
            self._sent = 1
            self._under_way.clear()
            self._waiting = asyncio.Queue()
        # With a gap, what was missed does not come any more; else it follows.
        self._received = self._confirmed = message["seq"]
        self._acknowledged(message["ack"])
        if "peers" in message:
            self._meet(message)
        self.joined = message
        self._messages.put_nowait(message)

    async def _write(self) -> None:
        """First again what did not arrive, under its old numbers; then what waits."""
        for message in list(self._under_way):
            await self._socket.send(json.dumps(message))
        while True:
            message = await self._waiting.get()
            self._sent += 1
            self._under_way.append({"type": message["type"], "seq": self._sent, **message})
            await self._socket.send(json.dumps(self._under_way[-1]))

    async def _beat(self) -> None:
        heartbeat = self.joined["heartbeat"] / 1000
        while True:
            await asyncio.sleep(heartbeat * 0.8)
            if time.monotonic() - self._heard > 2.5 * heartbeat:
                self.cut()
            await self._ping()

    async def _ping(self) -> None:
        ping = {"type": "ping", "seq": self._sent, "ack": self._received}
        if self._round_trip is not None:
            ping["rtt"] = self._round_trip
        self._pinged, self._confirmed = time.monotonic(), self._received
        await self._socket.send(json.dumps(ping))

    # Messages

    def _is_news(self, message: dict) -> bool:
        """Looks at the numbers; raises when something is missing: to resume brings it."""
        self._heard = time.monotonic()
        number = message["seq"]
        if message["type"] == "pong":
            self._round_trip = round((self._heard - self._pinged) * 1000)
            self._acknowledged(message["ack"])
            if number > self._received:
                raise Broken
            return False
        if number > self._received + 1:
            raise Broken
        if number <= self._received:
            return False
        self._received = number
        return True

    def _acknowledged(self, number: int) -> None:
        while self._under_way and self._under_way[0]["seq"] <= number:
            self._under_way.popleft()

    async def _take(self, message: dict) -> None:
        if self._received - self._confirmed >= UNACKNOWLEDGED_MAX:
            await self._ping()
        if message["type"] == "presence":
            for change in message["changes"]:
                self._apply(change)
        elif message["type"] == "error":
            if message["code"] == "rate_limited" and self._again(message):
                return
            self._error = message
        self._messages.put_nowait(message)

    def _again(self, error: dict) -> bool:
        """What was limited was not delivered: it goes out as a new message when it may."""
        for message in self._under_way:
            if message["seq"] == error.get("re"):
                self._under_way.remove(message)
                again = {key: value for key, value in message.items() if key != "seq"}
                asyncio.get_running_loop().call_later(
                    error["retryAfter"] / 1000, self._waiting.put_nowait, again)
                return True
        return False

    # Peers

    def _meet(self, joined: dict) -> None:
        """Takes the snapshot; after a restart those who are not back yet may still come."""
        old, self.peers = self.peers, {each["peer"]: dict(each) for each in joined["peers"]}
        if joined.get("gap") == "restart":
            missing = {peer: {**entry, "state": "awaited"}
                       for peer, entry in old.items() if peer not in self.peers}
            self.peers |= missing
            asyncio.get_running_loop().call_later(
                joined["settling"] / 1000, self._settle, list(missing))

    def _settle(self, missing: list[str]) -> None:
        gone = [{"peer": peer, "state": "left", "reason": "timeout"} for peer in missing
                if self.peers.get(peer, {}).get("state") == "awaited"]
        for change in gone:
            self._apply(change)
        if gone:
            self._messages.put_nowait({"type": "presence", "changes": gone})

    def _apply(self, change: dict) -> None:
        if change["state"] == "left":
            self.peers.pop(change["peer"], None)
        else:
            state = "suspended" if change["state"] == "suspended" else "connected"
            self.peers[change["peer"]] = {
                **self.peers.get(change["peer"], {}), **change, "state": state}


async def main() -> None:
    """Prints what comes, and says what is typed."""
    url, room, name = sys.argv[1:]
    async with Client(url, room, name=name) as client:
        def read() -> None:
            if line := sys.stdin.readline():
                client.send({"type": "message", "data": line.rstrip("\n")})
            else:
                client.send({"type": "leave"})
                asyncio.get_running_loop().remove_reader(sys.stdin)
        asyncio.get_running_loop().add_reader(sys.stdin, read)
        async for message in client:
            print(json.dumps(message, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
