"""Short conversations through a relay with aioice's TURN client, to see that it still works."""

from __future__ import annotations

import asyncio

import aioice.turn

SECONDS_MAX = 15


class Inbox(asyncio.DatagramProtocol):
    """Keeps what arrives."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[bytes] = asyncio.Queue()

    def connection_made(self, transport) -> None:
        """Nothing to do: aioice hands out the transport itself."""

    def datagram_received(self, data: bytes, address) -> None:
        """Called by aioice for each payload."""
        self.queue.put_nowait(data)

    def error_received(self, error: Exception) -> None:
        """A failed send becomes something the reader trips over."""
        self.queue.put_nowait(repr(error).encode())

    def connection_lost(self, error: Exception | None) -> None:
        """The allocation is gone."""


async def _talk(server: tuple[str, int], username: str, password: str, messages: int) -> int:
    ends = [await aioice.turn.create_turn_endpoint(Inbox, server, username, password)
            for _ in range(2)]
    (left, left_inbox), (right, right_inbox) = ends
    try:
        # A permission is needed on both sides before anything comes in; binding a channel gives it.
        right.sendto(b"hello", left.get_extra_info("sockname"))
        left.sendto(b"hello", right.get_extra_info("sockname"))
        await asyncio.sleep(0.2)
        # One at a time: what is under way can then never overflow a socket's buffer.
        for number in range(messages):
            for sender, receiver, inbox in ((left, right, right_inbox), (right, left, left_inbox)):
                payload = b"%d" % number
                sender.sendto(payload, receiver.get_extra_info("sockname"))
                while (got := await inbox.queue.get()) == b"hello":
                    pass
                if got != payload:
                    return number
        return messages
    finally:
        for transport, _ in ends:
            transport.close()
        await asyncio.sleep(0.2)


def relayed_messages(server: tuple[str, int], username: str, password: str,
                     messages: int = 20) -> int:
    """How many of `messages` went both ways between two allocations; -1 when time ran out."""
    try:
        return asyncio.run(
            asyncio.wait_for(_talk(server, username, password, messages), SECONDS_MAX))
    except TimeoutError:
        return -1
