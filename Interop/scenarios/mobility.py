"""A client that moves to another network keeps its allocation (RFC 8016)."""

import struct

from harness import calls, daemons, networks, stun

CHANNEL = 0x4001
PEERS = ("--allow-peer", "198.51.100.0/24")


class Roaming:
    """An unconnected socket that talks to one server, whatever address its host has by now."""

    def __init__(self, talk, server):
        self.talk, self.server = talk, server

    def send(self, data):
        """To the server."""
        self.talk.sendto(data, self.server)

    def recv(self, size):
        """From anybody."""
        return self.talk.recv(size)


def run(context):
    """The same move with a ticket and without."""
    with networks.Networks("symmetric") as nets:
        with nets.server.entered():
            server = context.daemon(daemons.Turnd(
                context.port(), context.port(), hosts=(networks.SERVER,),
                more=("--mobility", *PEERS)))
        with nets.clients[0].entered(), stun.unconnected(1) as talk:
            held = allocate(server, talk, stun.attribute(stun.MOBILITY_TICKET, b""))
            context.ok("the relay gives a ticket", held.answered.get(stun.MOBILITY_TICKET))
            moves(context, nets, server, held)
        with nets.clients[1].entered(), stun.unconnected(1) as talk:
            held = allocate(server, talk)
            context.same("who asks for no ticket gets none",
                         held.answered.get(stun.MOBILITY_TICKET), None)
            nets.clients[1].move()
            context.same("and loses the allocation by moving",
                         stun.error_code(held.exchange(stun.REFRESH) or b""), 437)
        context.stop(server)


def allocate(server, talk, attributes=b""):
    """An allocation over a socket that stays when its host moves."""
    return calls.Allocation(Roaming(talk, (networks.SERVER, server.port)),
                            daemons.USER, daemons.PASSWORD, attributes)


def refresh(held, ticket):
    """The answer to a Refresh that shows a ticket."""
    return held.exchange(stun.REFRESH, stun.attribute(stun.MOBILITY_TICKET, ticket))


def moves(context, nets, server, held):
    """Data passes before the move and after the Refresh, at the same relayed address."""
    with nets.server.entered():
        peer = stun.unconnected(1)
        peer.bind((networks.SERVER_ALTERNATE, 0))
    with peer:
        bind = stun.attribute(stun.CHANNEL_NUMBER, struct.pack(">HH", CHANNEL, 0))
        bind += stun.attribute(stun.XOR_PEER, stun.xor_address(*peer.getsockname()))
        context.same("a channel is bound", held.request(stun.CHANNEL_BIND, bind),
                     stun.CHANNEL_BIND | stun.SUCCESS)
        context.same("before the move: to the peer and back", there_and_back(held, peer, b"one"),
                     (b"one", b"one"))
        ticket = held.answered[stun.MOBILITY_TICKET]
        nets.clients[0].move()
        context.same("after the move, without a Refresh, nothing passes",
                     there_and_back(held, peer, b"two"), (None, None))
        answer = refresh(held, ticket) or bytes(20)
        context.same("the ticket is taken from the new address",
                     struct.unpack(">H", answer[:2])[0], stun.REFRESH | stun.SUCCESS)
        new = stun.attributes_of(answer).get(stun.MOBILITY_TICKET)
        context.ok("a new ticket comes for it", new and new != ticket)
        context.same("after the Refresh: to the peer and back",
                     there_and_back(held, peer, b"three"), (b"three", b"three"))
        context.ok("the old ticket is refused", stun.error_code(refresh(held, ticket) or b""))
    with nets.server.entered():
        context.same("it is one allocation all the time, at one relayed address",
                     (server.admin.relay()["allocationsCreated"], len(server.admin.allocations())),
                     (1, 1))


def there_and_back(held, peer, text):
    """What the peer got of ChannelData from the client, and the client of what the peer sent to
    the relayed address then."""
    held.talk.send(struct.pack(">HH", CHANNEL, len(text)) + text)
    try:
        got, _ = peer.recvfrom(2048)
    except OSError:
        got = None
    peer.sendto(text, (held.host, held.port))
    try:
        back = held.talk.recv(2048)
    except OSError:
        return got, None
    return got, back[4:] if back[:2] == struct.pack(">H", CHANNEL) else back
