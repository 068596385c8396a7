"""aioice: two ICE ends that may use nothing but turnd, 100 messages each way."""

import asyncio

import aioice

from harness import daemons
from harness.process import wait_until

MESSAGES = 100
SECONDS_MAX = 20


def ice_end(server, controlling):
    """One end, with the relay as its only source of candidates."""
    return aioice.Connection(
        ice_controlling=controlling, transport_policy=aioice.ice.TransportPolicy.RELAY,
        turn_server=("127.0.0.1", server.port), turn_username=daemons.USER,
        turn_password=daemons.PASSWORD)


async def introduce(one, other):
    """Hands one end's credentials and candidates to the other."""
    for candidate in one.local_candidates:
        await other.add_remote_candidate(candidate)
    await other.add_remote_candidate(None)
    other.remote_username, other.remote_password = one.local_username, one.local_password


async def converse(server):
    """Connects the two and returns the candidate types in use and the echoes that came back."""
    left, right = ice_end(server, True), ice_end(server, False)
    try:
        await asyncio.gather(left.gather_candidates(), right.gather_candidates())
        types = {each.type for end in (left, right) for each in end.local_candidates}
        await introduce(left, right)
        await introduce(right, left)
        await asyncio.gather(left.connect(), right.connect())
        echoes = 0
        for number in range(MESSAGES):
            await left.send(b"message %d" % number)
            await right.send(await right.recv())
            echoes += await left.recv() == b"message %d" % number
        return types, echoes
    finally:
        await asyncio.gather(left.close(), right.close())


def run(context):
    """Also: the relay saw at least those messages, and holds no allocation afterwards."""
    server = context.daemon(daemons.Turnd(context.port(), context.port()))
    types, echoes = asyncio.run(asyncio.wait_for(converse(server), SECONDS_MAX))
    context.same("only relayed candidates", types, {"relay"})
    context.same("echoes through the relay", echoes, MESSAGES)
    # Both ends sit on the relay: a message and its echo pass it twice each. ICE's own checks
    # are relayed too, so there is more, but not a multiple.
    packets = server.admin.relayed()["toPeer"][0]
    context.ok("the relay counted them", 2 * MESSAGES <= packets < 3 * MESSAGES,
               f"{packets} packets to peers")
    context.ok("no allocation left", wait_until(lambda: not server.admin.allocations()))
