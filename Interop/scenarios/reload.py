"""A configuration file that is edited under a running server, and SIGHUP."""

import json
import signal
import time

from harness import calls, daemons, stun
from harness.admin import Admin
from harness.process import wait_until
from harness.signaling import Session


class FromFile(daemons.Daemon):
    """A relay that has everything from a file."""

    program = "turnd"

    def __init__(self, context, port: int, admin_port: int) -> None:
        super().__init__(("127.0.0.1",), port, admin_port)
        self.path = context.logs / "turnd.json5"
        self.given = {
            "listen": [f"udp:127.0.0.1:{port}"], "admin": f"127.0.0.1:{admin_port}",
            "relay-ip": ["127.0.0.1"], "realm": daemons.REALM, "threads": 2, "stop-grace": 0,
            "user": ["ann:one"], "allow-peer": ["127.0.0.0/8"]}
        self.write()

    def arguments(self) -> list[str]:
        """The file alone."""
        return ["--config", str(self.path)]

    def write(self, **changes: object) -> None:
        """Edits the file; a name with _ stands for one with -, None takes it out."""
        for name, value in changes.items():
            name = name.replace("_", "-")
            self.given.pop(name, None)
            if value is not None:
                self.given[name] = value
        self.path.write_text(json.dumps(self.given))

    def reload(self, line: str) -> bool:
        """Sends SIGHUP, and waits for a line of the log that was not there before."""
        before = self.process.log.read_text().count(line)
        self.process.send(signal.SIGHUP)
        return wait_until(lambda: self.process.log.read_text().count(line) > before)


READ, REFUSED = "configuration read", "configuration not taken"


def run(context):
    """Users, peers, mistakes, and what waits for a restart."""
    server = context.daemon(FromFile(context, context.port(), context.port()))
    address = ("127.0.0.1", server.port)
    with calls.allocation(address, "ann", "one") as held, stun.unconnected(2) as peer:
        peer.bind(("127.0.0.1", context.port()))
        users(context, server, held)
        peers(context, server, held, peer)
        mistakes(context, server, held)
        waits(context, server)
        context.same("the allocation has lived through all of it",
                     len(server.admin.allocations()), 1)
    origins(context)


def refused_with(server, username, password):
    """The code of an Allocate's refusal; None for an allocation."""
    with stun.connected("127.0.0.1", server.port, 2) as talk:
        try:
            made = calls.Allocation(talk, username, password)
        except calls.Refused as refused:
            return refused.code
        made.request(stun.REFRESH, stun.attribute(stun.LIFETIME, bytes(4)))
        return None


def users(context, server, held):
    """One comes, one goes, and the one who talks is left alone."""
    context.same("bob is not known", refused_with(server, "bob", "two"), 401)
    server.write(user=["ann:one", "bob:two"])
    context.ok("SIGHUP: the file is read", server.reload(READ), server.process.log_tail(3))
    context.same("bob is known now", refused_with(server, "bob", "two"), None)
    server.write(user=["ann:one"])
    context.ok("SIGHUP again", server.reload(READ))
    context.same("bob is gone", refused_with(server, "bob", "two"), 401)
    hour = stun.attribute(stun.LIFETIME, (600).to_bytes(4, "big"))
    context.same("ann refreshes with the nonce of before", held.request(stun.REFRESH, hour),
                 stun.REFRESH | stun.SUCCESS)


def peers(context, server, held, peer):
    """Trap 35: a peer that is denied now gets nothing any more."""
    port = peer.getsockname()[1]
    wish = stun.attribute(stun.XOR_PEER, stun.xor_address("127.0.0.1", port))
    context.same("a permission", held.request(stun.CREATE_PERMISSION, wish),
                 stun.CREATE_PERMISSION | stun.SUCCESS)
    say = stun.message(stun.SEND | stun.INDICATION, wish + stun.attribute(stun.DATA, b"hello"))
    context.same("a datagram arrives", arrives(held, peer, say), b"hello")
    server.write(allow_peer=["127.0.0.0/8"], deny_peer=["127.0.0.1/32"])
    context.ok("SIGHUP: the peer is denied", server.reload(READ))
    context.same("nothing arrives any more", arrives(held, peer, say), None)
    context.same("nor is there a new permission", held.request(stun.CREATE_PERMISSION, wish),
                 stun.CREATE_PERMISSION | stun.FAILURE)
    server.write(deny_peer=None)
    context.ok("SIGHUP: the peer is allowed again", server.reload(READ))
    held.request(stun.CREATE_PERMISSION, wish)
    context.same("a datagram arrives again", arrives(held, peer, say), b"hello")


def arrives(held, peer, say):
    """What the peer gets of a Send indication, within half a second."""
    peer.settimeout(0.5)
    held.talk.send(say)
    try:
        return peer.recv(100)
    except OSError:
        return None


def mistakes(context, server, held):
    """A file that is wrong changes nothing, and the log says what is wrong, without secrets."""
    good = server.path.read_text()
    for label, text, word in (
            ("no JSON", "{", str(server.path)[:20]),
            ("an unknown name", good.replace('"realm"', '"relam"'), "relam"),
            ("a wrong value", good.replace("127.0.0.0/8", "127.0.0.0/40"), "127.0.0.0/40"),
            ("nobody who may", good.replace('"ann:one"', ""), "no credentials"),
            ("a user without a password", good.replace("ann:one", "hunter2"), "not shown")):
        server.path.write_text(text)
        context.ok(f"{label}: refused", server.reload(REFUSED))
        line = [line for line in server.process.log.read_text().splitlines() if REFUSED in line][-1]
        context.ok(f"{label}: the log says so, by name", word in line and "hunter2" not in line,
                   line)
        context.same(f"{label}: ann goes on", refused_with(server, "ann", "one"), None)
    server.path.unlink()
    context.ok("no file: refused", server.reload(REFUSED))
    server.path.write_text(good)
    context.ok("a good file again", server.reload(READ))


def waits(context, server):
    """What cannot change is named."""
    server.write(realm="other", threads=1, user_quota=7)
    context.ok("SIGHUP with options that cannot change", server.reload(READ))
    tail = server.process.log_tail(4)
    context.ok("they are named", "restart" in tail and "realm" in tail and "threads" in tail, tail)
    context.ok("what can change did", "user-quota" in tail, tail)
    context.same("the realm is the old one", refused_with(server, "ann", "one"), None)


def origins(context):
    """parleyd: a page of another site is let in when the file says so."""
    path = context.logs / "parleyd.json5"
    path.write_text("{}")

    class Parleyd(daemons.Parleyd):
        """With a file besides."""

        def arguments(self) -> list[str]:
            return [*super().arguments(), "--config", str(path)]

    server = context.daemon(Parleyd(context.port(), context.port(), context.port()))
    origin = "https://app.example"
    context.ok("a foreign page is kept out", not lets_in(server, origin))
    path.write_text(json.dumps({"allow-origin": [origin]}))
    server.process.send(signal.SIGHUP)
    context.ok("SIGHUP: it is let in", wait_until(lambda: lets_in(server, origin)))
    time.sleep(0.1)
    context.ok("and the pages are there as before", Admin(server.url).answers("/healthz"))


def lets_in(server, origin):
    """Whether a page of this origin gets a WebSocket."""
    try:
        with Session(server.url, origin):
            return True
    except Exception:  # whatever the library calls a refusal
        return False
