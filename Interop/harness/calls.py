"""Short conversations through a relay with aioice's TURN client, to see that it still works."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Iterator

import aioice.turn

from harness import stun

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


class Refused(Exception):
    """An Allocate that was answered with an error."""

    def __init__(self, code: int) -> None:
        super().__init__(f"refused with {code}")
        self.code = code


class Allocation:
    """An allocation made step by step, whose socket may then be used for anything."""

    def __init__(self, talk: socket.socket, username: str, password: str,
                 attributes: bytes = b"") -> None:
        self.talk = talk
        wish = stun.attribute(stun.TRANSPORT, stun.UDP) + attributes
        challenge = stun.attributes_of(stun.ask(talk, stun.message(stun.ALLOCATE, wish)) or b"")
        self.username, self.realm = username.encode(), challenge[stun.REALM]
        self.nonce = challenge[stun.NONCE]
        self.key = stun.long_term_key(username, self.realm.decode(), password)
        answer = self.exchange(stun.ALLOCATE, wish) or bytes(20)
        self.answered = stun.attributes_of(answer)
        if stun.ERROR_CODE in self.answered:
            value = self.answered[stun.ERROR_CODE]
            raise Refused(value[2] * 100 + value[3])
        self.host, self.port = stun.unxor_address(self.answered[stun.XOR_RELAYED], answer[8:20])

    def signed(self, method: int, attributes: bytes = b"") -> bytes:
        """A request of this client, with its credentials and MESSAGE-INTEGRITY."""
        who = b"".join(stun.attribute(kind, value) for kind, value in (
            (stun.USERNAME, self.username), (stun.REALM, self.realm), (stun.NONCE, self.nonce)))
        return stun.message(method, attributes + who, self.key)

    def exchange(self, method: int, attributes: bytes = b"") -> bytes | None:
        """The answer to a request; a nonce that is stale there is replaced once."""
        answer = stun.ask(self.talk, self.signed(method, attributes))
        if answer is None or stun.error_code(answer) != 438:
            return answer
        self.nonce = stun.attributes_of(answer)[stun.NONCE]
        return stun.ask(self.talk, self.signed(method, attributes))

    def request(self, method: int, attributes: bytes = b"") -> int | None:
        """Sends a request and returns the type of the answer."""
        answer = self.exchange(method, attributes)
        return None if answer is None else struct.unpack(">H", answer[:2])[0]


@contextlib.contextmanager
def allocation(server: tuple[str, int], username: str, password: str) -> Iterator[Allocation]:
    """An allocation that lives as long as the block."""
    with stun.connected(*server, 2) as talk:
        held = Allocation(talk, username, password)
        try:
            yield held
        finally:
            held.request(stun.REFRESH, stun.attribute(stun.LIFETIME, bytes(4)))
