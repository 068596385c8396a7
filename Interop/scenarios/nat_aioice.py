"""Two clients behind NATs: directly where they are cones, else through the relay alone."""

import asyncio

import aioice

from harness import daemons, networks
from harness.process import wait_until

SECONDS_MAX = 20
MESSAGES = 50

# A check that nobody answers is given up after 0.5 + 1 + 2 + 4 s instead of a minute.
aioice.stun.RETRY_MAX = 3


def run(context):
    """Direct where it can work, then where it cannot, then there with the relay."""
    for kind, directly in (("cone", True), ("symmetric", False)):
        with networks.Networks(kind) as nets:
            with nets.server.entered():
                server = context.daemon(daemons.Turnd(
                    context.port(), context.port(), hosts=(networks.SERVER,)))
            context.same(f"{kind}: a direct path is found",
                         converse(nets, server, relayed=False) is not None, directly)
            context.same(f"{kind}: that took no relay", allocated(nets, server), 0)
            if not directly:
                through_the_relay(context, nets, server, kind)
            context.stop(server)


def allocated(nets, server):
    """How many allocations there ever were; the admin endpoint is in the server's network."""
    with nets.server.entered():
        return server.admin.relay()["allocationsCreated"]


def through_the_relay(context, nets, server, kind):
    """The same two clients with a relay to fall back on."""
    types, echoes = converse(nets, server, relayed=True) or (None, 0)
    context.ok(f"{kind}: with a relay they find each other", types is not None, types)
    context.ok(f"{kind}: a relayed address is in the pair", "relay" in (types or ()), types)
    context.same(f"{kind}: echoes through the relay", echoes, MESSAGES)
    context.ok(f"{kind}: the relay was asked by both", allocated(nets, server) == 2)
    with nets.server.entered():
        context.ok(f"{kind}: no allocation left",
                   wait_until(lambda: not server.admin.allocations()))
        packets = server.admin.relayed()["toPeer"][0]
    context.ok(f"{kind}: the relay counted the messages", packets >= MESSAGES, packets)


def ice_end(server, controlling, relayed):
    """One end; all it knows is its host's address, the public one, and maybe the relay's."""
    address = (networks.SERVER, server.port)
    turn = {"turn_server": address, "turn_username": daemons.USER,
            "turn_password": daemons.PASSWORD} if relayed else {}
    return aioice.Connection(
        ice_controlling=controlling, stun_server=address, use_ipv6=False, **turn)


async def introduce(one, other):
    """Hands one end's credentials and candidates to the other."""
    for candidate in one.local_candidates:
        await other.add_remote_candidate(candidate)
    await other.add_remote_candidate(None)
    other.remote_username, other.remote_password = one.local_username, one.local_password


async def talk(nets, server, relayed):
    """The kinds of the chosen pair's candidates, and how many echoes came; None without a pair."""
    ends = [ice_end(server, controlling, relayed) for controlling in (True, False)]
    left, right = ends
    try:
        for client, end in zip(nets.clients, ends):
            # The sockets are made here, one end after the other, and stay in the client's network.
            with client.entered():
                await end.gather_candidates()
        await introduce(left, right)
        await introduce(right, left)
        try:
            await asyncio.gather(left.connect(), right.connect())
        except ConnectionError:
            return None
        echoes = 0
        for number in range(MESSAGES):
            await left.send(b"message %d" % number)
            await right.send(await right.recv())
            echoes += await left.recv() == b"message %d" % number
        pair = left._nominated[1]
        return (pair.local_candidate.type, pair.remote_candidate.type), echoes
    finally:
        await asyncio.gather(left.close(), right.close())


def converse(nets, server, relayed):
    """`talk`, with an end to waiting."""
    return asyncio.run(asyncio.wait_for(talk(nets, server, relayed), SECONDS_MAX))
