"""One TCP port for all: HTTPS, secure WebSocket, TURN over TCP and TLS, PROXY headers in front."""

import asyncio
import socket
import ssl
import struct
import urllib.request

from websockets.asyncio.client import connect

from harness import calls, daemons, stun, uclient
from harness.authority import Authority
from harness.process import wait_until
from harness.relaychecks import Ledger
from harness.signaling import SUBPROTOCOL, Session

SECONDS_MAX = 5

# Somebody on whose behalf a load balancer speaks: TEST-NET-3, and the documentation prefix.
TOLD_V4, TOLD_V6, TOLD_PORT = "203.0.113.7", "2001:db8::7", 45678


class OnePort(daemons.Parleyd):
    """parleyd with a certificate and one TCP port, which is HTTP's; UDP is there to be asked
    whether it is ready."""

    def __init__(self, port, admin_port, certificate, *more):
        super().__init__(port, port, admin_port)
        self.more = (*certificate, *more)

    def arguments(self):
        """No `--dev`: this is how README.md starts it."""
        return ["--http", f"127.0.0.1:{self.port}", "--listen", f"udp:127.0.0.1:{self.port}",
                "--admin", self.admin.url.removeprefix("http://"), "--relay-ip", "127.0.0.1",
                "--realm", daemons.REALM, "--user", f"{daemons.USER}:{daemons.PASSWORD}",
                "--secret", "of these tests", *daemons.LOOPBACK, "--legacy-channels",
                "--stop-grace", "0", *self.more]


def run(context):
    """The port itself, then the same behind a load balancer, real and pretended."""
    authority = Authority(context.logs)
    certificate = authority.issue("localhost")
    trust = ssl.create_default_context(cafile=str(authority.path))
    server = context.daemon(OnePort(context.port(), context.port(), certificate))
    pages(context, server, trust)
    signaling(context, server, trust)
    turn(context, server)
    untrusted(context, server)
    behind = context.daemon(OnePort(
        context.port(), context.port(), certificate, "--proxy-from", "127.0.0.0/8"))
    proxied(context, behind, trust)
    pages(context, behind, trust)


def pages(context, server, trust):
    """The page comes by HTTPS and by HTTP."""
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust))
    for url in (f"https://localhost:{server.port}/", f"http://localhost:{server.port}/"):
        with opener.open(url, timeout=SECONDS_MAX) as answer:
            context.ok(f"{url.split(':')[0]}: the page", answer.status == 200
                       and b"<html" in answer.read().lower(), answer.headers["content-type"])


def signaling(context, server, trust):
    """Two in a room: one by wss, one by ws. The first in one thread: Python's TLS bears no write
    beside a read, and now and then a request never left."""
    asyncio.run(meet(context, server, trust))


async def meet(context, server, trust):
    """The one hears of the other."""
    async with connect(
            f"wss://localhost:{server.port}/signal", ssl=trust, subprotocols=[SUBPROTOCOL],
            proxy=None, compression=None, open_timeout=SECONDS_MAX) as secure:
        async def heard():
            return await asyncio.wait_for(secure.recv(), SECONDS_MAX)

        await secure.send('{"type":"join","seq":1,"room":"one","name":"Ann"}')
        context.ok("wss: joined", '"joined"' in await heard())
        with Session(server.url) as plain:
            plain.join("one", name="Ben")
            context.ok("wss hears of ws", '"presence"' in await heard())


def turn(context, server):
    """uclient over TCP, held to perfection; over TLS it loses records itself (see uclient_tls)."""
    peer = uclient.peer(context)
    ledger = Ledger(server)
    outcome = uclient.run(server, "-t", "-c", *peer, messages=50)
    ledger.check(context, "TURN over TCP", outcome)
    ledger = Ledger(server)
    outcome = uclient.run(server, "-t", "-S", "-c", *peer, messages=50)
    context.ok("TURN over TLS: nearly all came back", 0 < 0.8 * outcome.sent <= outcome.received,
               outcome.figures())
    ledger.check_counted(context, "TURN over TLS", outcome)
    ledger.check_no_leak(context, "TURN over TLS", outcome)


def header(client, port, server_port, *, local=False):
    """PROXY protocol, version 2 (proxy-protocol.txt §2.2), for TCP."""
    family = socket.AF_INET6 if ":" in client else socket.AF_INET
    here = "::1" if family == socket.AF_INET6 else "127.0.0.1"
    addresses = socket.inet_pton(family, client) + socket.inet_pton(family, here)
    body = addresses + struct.pack(">HH", port, server_port)
    kind = 0x21 if family == socket.AF_INET6 else 0x11
    return b"\r\n\r\n\0\r\nQUIT\n" + struct.pack(
        ">BBH", 0x20 if local else 0x21, 0 if local else kind, 0 if local else len(body)) + (
        b"" if local else body)


def mapped(server, before, trust=None, cut=False):
    """The address in the answer to a Binding request behind a header; None without an answer."""
    with socket.create_connection(("127.0.0.1", server.port), SECONDS_MAX) as talk:
        for piece in (bytes([byte]) for byte in before) if cut else (before,):
            talk.sendall(piece)
        try:
            if trust is not None:
                talk = trust.wrap_socket(talk, server_hostname="localhost")
            talk.sendall(stun.message(stun.BINDING))
            answer = talk.recv(2048)
        except OSError:
            return None
        finally:
            talk.close()
    found = stun.attributes_of(answer).get(stun.XOR_MAPPED) if answer else None
    return found and stun.unxor_address(found, answer[8:20])


def untrusted(context, server):
    """Without --proxy-from a header is garbage, whatever it says."""
    context.same("a header from anybody is not taken", mapped(
        server, header(TOLD_V4, TOLD_PORT, server.port)), None)


def proxied(context, server, trust):
    """The told address is the client's: in answers, and in the list of allocations."""
    for label, told, secure, cut in (
            ("IPv4", TOLD_V4, None, False), ("IPv6", TOLD_V6, None, False),
            ("IPv4, in front of TLS", TOLD_V4, trust, False),
            ("IPv4, byte by byte", TOLD_V4, None, True)):
        context.same(f"behind a balancer: XOR-MAPPED-ADDRESS is told ({label})", mapped(
            server, header(told, TOLD_PORT, server.port), secure, cut), (told, TOLD_PORT))
    own = mapped(server, header(TOLD_V4, 0, 0, local=True))
    context.ok("behind a balancer: LOCAL tells of nobody", own and own[0] == "127.0.0.1", own)
    own = mapped(server, b"")
    context.ok("behind a balancer: who sends no header is himself",
               own and own[0] == "127.0.0.1", own)
    broken = header(TOLD_V4, TOLD_PORT, server.port).replace(b"QUIT\n\x21", b"QUIT\n\x31")
    context.same("behind a balancer: another version is refused", mapped(server, broken), None)
    listed(context, server)


def listed(context, server):
    """An allocation made over TCP behind a header."""
    with socket.create_connection(("127.0.0.1", server.port), SECONDS_MAX) as talk:
        talk.sendall(header(TOLD_V4, TOLD_PORT, server.port))
        calls.Allocation(talk, daemons.USER, daemons.PASSWORD)
        clients = [each["client"] for each in server.admin.allocations()]
        context.same("behind a balancer: /allocations names the client", clients,
                     [f"{TOLD_V4}:{TOLD_PORT}"])
    context.ok("behind a balancer: the end of the stream ends the allocation",
               wait_until(lambda: not server.admin.allocations(), SECONDS_MAX))
