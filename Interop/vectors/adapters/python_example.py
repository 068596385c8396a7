"""Puts the example client under the conformance kit; see ../README.md."""

from __future__ import annotations

import asyncio
import json
import pathlib
import sys

from websockets.asyncio.client import connect

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "example"))
from parley_client import Client  # noqa: E402, after the path to it


async def tell(client: Client, control) -> None:
    """Says everything that the client tells its application."""
    async with client:
        async for message in client:
            await control.send(json.dumps({"told": message}))
        await asyncio.Event().wait()


async def main(address: str) -> None:
    """Does what it is told, one client after the other, until the kit goes."""
    task = None
    async with connect(address, proxy=None, ping_interval=None) as control:
        async for text in control:
            command = json.loads(text)
            match command["do"]:
                case "join":
                    client = Client(command["url"], command["room"], name=command["name"])
                    task = asyncio.create_task(tell(client, control))
                case "send":
                    client.send(command["message"])
                case "leave":
                    client.send({"type": "leave"})
                case "end":
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
                    await control.send(json.dumps({"ended": True}))


asyncio.run(main(sys.argv[1]))
