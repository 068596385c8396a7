"""The harness's own networks: each NAT does what its name says, and nothing is left behind."""

import subprocess

from harness import daemons, networks, stun

SERVERS = (networks.SERVER, networks.SERVER_ALTERNATE)


def run(context):
    """A cone and a symmetric NAT, a move, IPv6, and the end."""
    for kind, keeps in (("cone", True), ("symmetric", False)):
        with networks.Networks(kind) as nets:
            with nets.server.entered():
                server = context.daemon(
                    daemons.Stund((*SERVERS, networks.SERVER_V6), context.port()))
            mapping(context, nets.clients[0], server.port, kind, keeps)
            filtering(context, nets, server.port, kind)
            ipv6(context, nets.clients[1], server.port, kind)
            moving(context, nets.clients[1], server.port, kind)
            context.stop(server)
    left = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    context.ok("no namespace is left behind", nets.server.name not in left.stdout, left.stdout)


def mapped(talk, host, port):
    """How the server sees this socket; None without an answer."""
    request = stun.message(stun.BINDING)
    talk.sendto(request, (host, port))
    try:
        answer = talk.recv(2048)
    except OSError:
        return None
    return stun.unxor_address(stun.attributes_of(answer)[stun.XOR_MAPPED], answer[8:20])


def mapping(context, client, port, kind, keeps):
    """One socket, two destinations."""
    with client.entered(), stun.unconnected(2) as talk:
        seen = [mapped(talk, host, port) for host in SERVERS]
    context.ok(f"{kind}: both servers see the NAT's address",
               all(address and address[0] == client.public for address in seen), seen)
    context.same(f"{kind}: one mapping for both destinations", seen[0] == seen[1], keeps)


def filtering(context, nets, port, kind):
    """What comes from elsewhere than was asked does not get in; the server's own answer does."""
    client = nets.clients[1]
    with client.entered(), stun.unconnected(0.5) as talk:
        seen = mapped(talk, networks.SERVER, port)
        with nets.server.entered(), stun.unconnected(1) as stranger:
            stranger.sendto(b"unasked", seen)
        try:
            got = talk.recv(100)
        except OSError:
            got = None
    context.same(f"{kind}: nothing comes in that was not asked for", got, None)


def ipv6(context, client, port, kind):
    """Routed as it is."""
    with client.entered(), stun.connected(networks.SERVER_V6, port, 2) as talk:
        answer = stun.ask(talk, stun.message(stun.BINDING))
    host = answer and stun.unxor_address(
        stun.attributes_of(answer)[stun.XOR_MAPPED], answer[8:20])[0]
    context.same(f"{kind}: IPv6 is not translated", host, client.address_v6)


def moving(context, client, port, kind):
    """The same socket before and after a move."""
    with client.entered(), stun.unconnected(2) as talk:
        before = mapped(talk, networks.SERVER, port)
        client.move()
        after = mapped(talk, networks.SERVER, port)
    context.ok(f"{kind}: a move gives a socket that stays open another address",
               before and after and before[0] != after[0] == client.public, (before, after))
