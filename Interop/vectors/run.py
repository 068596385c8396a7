"""Runs the conformance kit: plays the server of each vector toward a client under test.

    python Interop/vectors/run.py python Interop/vectors/adapters/python_example.py

Starts the given command with the address of the control connection as its last argument; without a
command it prints that address and waits for adapters to come. README.md tells what an adapter is
and what the steps of a vector mean. Wants Python 3.11 and `websockets`.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import http
import json
import mimetypes
import pathlib
import subprocess
import sys
import time

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Response

FOLDER = pathlib.Path(__file__).resolve().parent
SUBPROTOCOL = "parley.v1"
WITHIN_MS = 5_000
ADAPTER_SECONDS_MAX = 30
# Timers of an operating system may fire a little before their time.
EARLY_MS_MAX = 5


class Failed(Exception):
    """The client under test did not do what a step wants."""


def vectors() -> dict[str, dict]:
    """All vectors by name."""
    return {path.stem: json.loads(path.read_text("utf-8"))
            for path in sorted(FOLDER.glob("*.json"))}


def matches(pattern: object, value: object) -> bool:
    """Whether a value has all that a pattern wants. Members that it does not name are free."""
    if isinstance(pattern, dict):
        if "$min" in pattern:
            return isinstance(value, (int, float)) and value >= pattern["$min"]
        if not isinstance(value, dict):
            return False
        return all(key not in value if inner == {"$absent": True}
                   else key in value and matches(inner, value[key])
                   for key, inner in pattern.items())
    if isinstance(pattern, list):
        return (isinstance(value, list) and len(value) == len(pattern)
                and all(map(matches, pattern, value)))
    return type(value) is type(pattern) and value == pattern


@dataclasses.dataclass
class Connection:
    """One WebSocket of the client under test."""

    socket: ServerConnection
    opened: float
    said: asyncio.Queue  # messages, and None when it is over
    last_said: int = 0  # the server's last number
    last_heard: int = 0  # the client's


class Play:
    """One vector that is being played over one control connection."""

    def __init__(self, vector: dict, url: str, control: ServerConnection) -> None:
        self._vector = vector
        self._url = url
        self._control = control
        self._told: asyncio.Queue[dict] = asyncio.Queue()
        self._connections: asyncio.Queue[Connection] = asyncio.Queue()
        self._now: Connection | None = None
        self._away_since = time.monotonic()

    async def take(self, socket: ServerConnection) -> None:
        """Reads one connection of the client to its end."""
        connection = Connection(socket, time.monotonic(), asyncio.Queue())
        self._connections.put_nowait(connection)
        try:
            async for text in socket:
                message = json.loads(text)
                if message.get("type") != "ping":
                    connection.last_heard = message.get("seq", 0)
                elif self._vector.get("pings") is None:
                    await socket.send(json.dumps({
                        "type": "pong", "seq": connection.last_said,
                        "ack": connection.last_heard}))
                    continue
                connection.said.put_nowait(message)
        except (ConnectionClosed, ValueError):
            pass
        connection.said.put_nowait(None)

    async def run(self) -> None:
        """Plays all steps; raises `Failed` at the first that does not come out."""
        listener = asyncio.create_task(self._listen())
        try:
            await self._do({"do": "join", "url": self._url, **self._vector["join"]})
            for number, step in enumerate(self._vector["steps"], 1):
                try:
                    await self._step(step)
                except Failed as failure:
                    raise Failed(f"step {number}, {json.dumps(step)[:120]}: {failure}") from None
            if not self._told.empty():
                raise Failed(f"told too much: {json.dumps(self._told.get_nowait())[:200]}")
        finally:
            await self._do({"do": "end"})
            # What the old client still tells must not be taken for a word of the next one.
            await asyncio.wait([listener], timeout=WITHIN_MS / 1000)
            listener.cancel()

    async def _do(self, command: dict) -> None:
        try:
            await self._control.send(json.dumps(command))
        except ConnectionClosed:
            raise Failed("the adapter is gone") from None

    async def _listen(self) -> None:
        try:
            while "told" in (word := json.loads(await self._control.recv())):
                self._told.put_nowait(word["told"])
        except ConnectionClosed:
            self._told.put_nowait({"type": "the adapter is gone"})

    async def _step(self, step: dict) -> None:
        (who, what), *_ = step.items()
        within = step.get("withinMs", WITHIN_MS) / 1000
        match who, what:
            case "application", "sends":
                await self._do({"do": "send", "message": step["message"]})
            case "application", "leaves":
                await self._do({"do": "leave"})
            case "client", "connects":
                await self._connects(step, within)
            case "client", "says":
                await self._says(step["message"], step.get("notBeforeMs", 0), within)
            case "client", "is told":
                await self._is_told(step["message"], step.get("times", 1), within)
            case "client", "closes":
                await self._closes(within)
            case "client", "says nothing":
                await self._says_nothing(step["ms"] / 1000)
            case "client", "stays away":
                await self._stays_away(step["ms"] / 1000)
            case "server", "says":
                await self._server_says(step)
            case "server", "cuts":
                self._now.socket.transport.abort()
                self._away_since = time.monotonic()
            case "server", "closes":
                await self._now.socket.close(step["code"])
                self._away_since = time.monotonic()
            case _:
                raise Failed("the runner does not know this step")

    # What the client does

    async def _connects(self, step: dict, within: float) -> None:
        try:
            self._now = await asyncio.wait_for(self._connections.get(), within)
        except TimeoutError:
            raise Failed("it does not connect") from None
        away = (self._now.opened - self._away_since) * 1000
        if away < step.get("notBeforeMs", 0) - EARLY_MS_MAX:
            raise Failed(f"it comes after {away:.0f} ms already")
        if self._now.socket.subprotocol != SUBPROTOCOL:
            raise Failed(f"it does not offer {SUBPROTOCOL}")

    async def _heard(self, within: float, pings: bool = False) -> dict | None:
        """The next message, or None at the end of the connection; pings only when asked for."""
        end = time.monotonic() + within
        while True:
            message = await asyncio.wait_for(
                self._now.said.get(), max(end - time.monotonic(), 0.001))
            if pings or message is None or message.get("type") != "ping":
                return message

    async def _says(self, pattern: dict, not_before: int, within: float) -> None:
        start = time.monotonic()
        try:
            message = await self._heard(within, pattern.get("type") == "ping")
        except TimeoutError:
            raise Failed("it says nothing") from None
        if message is None:
            raise Failed("it closes the connection")
        if not matches(pattern, message):
            raise Failed(f"it says {json.dumps(message)[:300]}")
        waited = (time.monotonic() - start) * 1000
        if waited < not_before - EARLY_MS_MAX:
            raise Failed(f"it says so after {waited:.0f} ms already")

    async def _is_told(self, pattern: dict, times: int, within: float) -> None:
        for _ in range(times):
            try:
                told = await asyncio.wait_for(self._told.get(), within)
            except TimeoutError:
                raise Failed("its application is told nothing") from None
            if not matches(pattern, told):
                raise Failed(f"its application is told {json.dumps(told)[:300]}")

    async def _closes(self, within: float) -> None:
        try:
            message = await self._heard(within)
        except TimeoutError:
            raise Failed("it keeps the connection") from None
        if message is not None:
            raise Failed(f"it says {json.dumps(message)[:300]}")
        self._away_since = time.monotonic()

    async def _says_nothing(self, seconds: float) -> None:
        try:
            message = await self._heard(seconds)
        except TimeoutError:
            return
        raise Failed("it closes the connection" if message is None
                     else f"it says {json.dumps(message)[:300]}")

    async def _stays_away(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._connections.get(), seconds)
        except TimeoutError:
            return
        raise Failed("it comes back")

    # What the server does

    async def _server_says(self, step: dict) -> None:
        message = dict(step["message"])
        for _ in range(step.get("times", 1)):
            if message["type"] != "pong":
                self._now.last_said = message["seq"]
            text = json.dumps(message)
            if pieces := step.get("fragments"):
                size = -(-len(text) // pieces)
                await self._now.socket.send(
                    [text[at:at + size] for at in range(0, len(text), size)])
            else:
                await self._now.socket.send(text)
            message["seq"] += 1


class Kit:
    """Serves adapters and their clients; each adapter that comes plays vectors until all are."""

    def __init__(self, chosen: list[str], report, pages: dict[str, pathlib.Path]) -> None:
        self._left = list(chosen)
        self._vectors = vectors()
        self._report = report
        self._pages = pages
        self._plays: dict[str, Play] = {}
        self._unsettled = len(chosen)
        self.finished = asyncio.Event()
        self.port = 0

    async def handle(self, socket: ServerConnection) -> None:
        """A connection of an adapter or of its client, by the path."""
        path = socket.request.path
        if path == "/control":
            while self._left:
                await self._play(self._left.pop(0), socket)
        elif play := self._plays.get(path):
            await play.take(socket)

    async def _play(self, name: str, control: ServerConnection) -> None:
        path = f"/signal/{name}"
        play = Play(self._vectors[name], f"ws://127.0.0.1:{self.port}{path}", control)
        self._plays[path] = play
        try:
            await play.run()
            fault = ""
        except Failed as failure:
            fault = str(failure)
        except ConnectionClosed:
            fault = "the connection is gone when the server wants to say something"
        del self._plays[path]
        self._report(name, fault)
        self._unsettled -= 1
        if self._unsettled == 0:
            self.finished.set()

    def page(self, _: ServerConnection, request) -> Response | None:
        """The file that a page asks for; None for a WebSocket."""
        if "Upgrade" in request.headers:
            return None
        file = self._pages.get(request.path)
        if file is None:
            return Response(404, "Not Found", Headers(), b"")
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return Response(http.HTTPStatus.OK, "OK", Headers({"Content-Type": kind}),
                        file.read_bytes())


async def play_all(chosen: list[str], start_adapter, report, *, port: int = 0, seconds: float = 120,
                   pages: dict[str, pathlib.Path] | None = None) -> list[str]:
    """Plays vectors with whatever adapters `start_adapter(address)` makes come; returns the names
    of those that had no verdict in time."""
    told: set[str] = set()

    def tell(name: str, fault: str) -> None:
        told.add(name)
        report(name, fault)

    kit = Kit(chosen, tell, pages or {})
    async with serve(kit.handle, "127.0.0.1", port, subprotocols=[SUBPROTOCOL],
                     select_subprotocol=lambda _, offered: SUBPROTOCOL
                     if SUBPROTOCOL in offered else None,
                     process_request=kit.page, ping_interval=None, close_timeout=1) as server:
        kit.port = server.sockets[0].getsockname()[1]
        await start_adapter(f"127.0.0.1:{kit.port}")
        try:
            await asyncio.wait_for(kit.finished.wait(), seconds)
        except TimeoutError:
            pass
    return sorted(set(chosen) - told)


def main() -> int:
    """Reads the command line, plays, and says what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", metavar="VECTOR", help="play only this one")
    parser.add_argument("--port", type=int, default=0, help="listen here; any port by default")
    parser.add_argument("--at-once", type=int, default=4, help="start so many adapters")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="starts an adapter")
    options = parser.parse_args()
    unknown = set(options.only or []) - set(vectors())
    if unknown:
        parser.error(f"no such vector: {', '.join(sorted(unknown))}")
    chosen = options.only or list(vectors())
    adapters: list[subprocess.Popen] = []
    failed: list[str] = []

    def report(name: str, fault: str) -> None:
        failed.extend([name] if fault else [])
        print(f"{'not ok' if fault else 'ok'} - {name}{f': {fault}' if fault else ''}", flush=True)

    async def start(address: str) -> None:
        print(f"# the adapter is to connect to ws://{address}/control", flush=True)
        for _ in range(options.at_once if options.command else 0):
            adapters.append(subprocess.Popen([*options.command, f"ws://{address}/control"]))

    try:
        missing = asyncio.run(play_all(chosen, start, report, port=options.port, seconds=(
            ADAPTER_SECONDS_MAX + 10 * len(chosen))))
    finally:
        for adapter in adapters:
            adapter.terminate()
            adapter.wait()
    for name in missing:
        report(name, "no verdict in time")
    print(f"# {len(chosen) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
