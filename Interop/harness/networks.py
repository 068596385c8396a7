"""Networks of a scenario's own, in namespaces: a server in public and two clients behind NATs.

    client A  100.64.1.2 ── NAT 198.51.100.11 ──┐
                                                ├── server 198.51.100.1 and 198.51.100.2
    client B  100.64.2.2 ── NAT 198.51.100.12 ──┘

IPv6 is routed without translation: the server is 2001:db8:ffff::1, the clients are 2001:db8:1::2
and 2001:db8:2::2. Nothing leads out of here, to the Internet or to the machine's own networks.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterator

CLONE_NEWNET = 0x40000000

SERVER, SERVER_ALTERNATE, SERVER_V6 = "198.51.100.1", "198.51.100.2", "2001:db8:ffff::1"

# What masquerading adds. Without it a mapping keeps the client's port whatever the destination is:
# endpoint-independent mapping, address- and port-dependent filtering (RFC 4787 §4.1, §5).
# `fully-random` gives each destination another port: address- and port-dependent mapping.
NATS = {"cone": "", "symmetric": "fully-random"}

RULES = """
table ip nat {
  chain outward {
    type nat hook postrouting priority 100
    oifname "out" masquerade %s
  }
}
table ip filter {
  chain through {
    type filter hook forward priority 0
    policy drop
    iifname "in" accept
    ct state established,related accept
  }
  chain inward {
    type filter hook input priority 0
    policy accept
    iifname "out" meta l4proto udp ct state new drop
  }
}
"""

_libc = ctypes.CDLL(None, use_errno=True)


def _run(*command: str, given: str | None = None) -> None:
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"setns: {os.strerror(error)}")


class Namespace:
    """One network namespace, which ends with the networks it is of."""

    def __init__(self, name: str) -> None:
        self.name = name
        _run("ip", "netns", "add", name)
        # A router asks for its neighbours from its link-local address, and so does not ask at all
        # while it still looks whether somebody else has that.
        self.run("sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0")
        self.ip("link", "set", "lo", "up")

    def ip(self, *words: str) -> None:
        """Runs `ip` in it; raises with what it says when it fails."""
        _run("ip", "-n", self.name, *words)

    def run(self, *command: str, given: str | None = None) -> None:
        """Runs a command in it to its end; raises with what it says when it fails."""
        _run(*self.command(*command), given=given)

    def command(self, *command: str) -> list[str]:
        """The command line that runs `command` in it, for whoever starts it himself."""
        return ["ip", "netns", "exec", self.name, *command]

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """In the block this thread is in it: sockets made and processes started there belong to it
        and stay in it afterwards. So daemons are started and asked as anywhere else."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            inside = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
            try:
                _enter(inside)
            finally:
                os.close(inside)
            try:
                yield
            finally:
                _enter(before)
        finally:
            os.close(before)

    def delete(self) -> None:
        """Ends it, and with it the interfaces that are in it."""
        _run("ip", "netns", "del", self.name)


class Client(Namespace):
    """A client behind a NAT of its own, which translates IPv4."""

    def __init__(self, name: str, number: int, nat: Namespace) -> None:
        super().__init__(name)
        self.nat = nat
        self.number = number
        self._moves = 0
        self.address, self.public = self._inner(), self._outer()

    @property
    def address_v6(self) -> str:
        """Its IPv6 address, which never changes."""
        return f"2001:db8:{self.number}::2"

    def _inner(self) -> str:
        return f"100.64.{self.number}.{2 + self._moves}"

    def _outer(self) -> str:
        return f"198.51.100.{10 * (1 + self._moves) + self.number}"

    def connect(self, server: Namespace, translation: str) -> None:
        """Lays the cables: client, NAT, and the server's bridge."""
        self.ip("link", "add", "eth", "type", "veth", "peer", "name", "in", "netns", self.nat.name)
        self.nat.ip("link", "add", "out", "type", "veth",
                    "peer", "name", f"nat{self.number}", "netns", server.name)
        server.ip("link", "set", f"nat{self.number}", "master", "public", "up")
        self.nat.ip("addr", "add", f"100.64.{self.number}.1/24", "dev", "in")
        self.nat.ip("addr", "add", f"{self.public}/24", "dev", "out")
        self.nat.ip("addr", "add", f"2001:db8:{self.number}::1/64", "dev", "in", "nodad")
        self.nat.ip("addr", "add", f"2001:db8:ffff::1{self.number}/64", "dev", "out", "nodad")
        self.nat.ip("link", "set", "in", "up")
        self.nat.ip("link", "set", "out", "up")
        self.ip("addr", "add", f"{self.address}/24", "dev", "eth")
        self.ip("addr", "add", f"{self.address_v6}/64", "dev", "eth", "nodad")
        self.ip("link", "set", "eth", "up")
        self.ip("route", "add", "default", "via", f"100.64.{self.number}.1")
        self.ip("route", "add", "default", "via", f"2001:db8:{self.number}::1")
        server.ip("route", "add", f"2001:db8:{self.number}::/64",
                  "via", f"2001:db8:ffff::1{self.number}")
        self.nat.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        self.nat.run("nft", "-f", "-", given=RULES % translation)

    def move(self) -> None:
        """Another IPv4 address for the client, and another public one for its NAT, as when a phone
        goes from one network to the next; the old addresses and mappings are gone."""
        old, old_public = self.address, self.public
        self._moves += 1
        self.address, self.public = self._inner(), self._outer()
        self.ip("addr", "add", f"{self.address}/24", "dev", "eth")
        self.nat.ip("addr", "add", f"{self.public}/24", "dev", "out")
        # A first address takes those of its subnet, and the routes through it, with it.
        for space, device, gone, new in (
                (self, "eth", old, self.address), (self.nat, "out", old_public, self.public)):
            space.ip("addr", "del", f"{gone}/24", "dev", device)
            space.ip("addr", "replace", f"{new}/24", "dev", device)
        self.ip("route", "replace", "default", "via", f"100.64.{self.number}.1")


class Networks:
    """The server and the two clients; leaving the block takes everything away."""

    def __init__(self, nat: str = "symmetric") -> None:
        self.translation = NATS[nat]
        self._stack = contextlib.ExitStack()
        self.server: Namespace
        self.clients: list[Client] = []

    def __enter__(self) -> "Networks":
        if os.geteuid() != 0:
            raise RuntimeError("network namespaces want root: run this scenario as root")
        with contextlib.ExitStack() as stack:
            self._make(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _make(self, stack: contextlib.ExitStack) -> None:
        # The pid keeps scenarios that run side by side apart.
        prefix = f"parley{os.getpid()}"

        def kept(space):
            stack.callback(space.delete)
            return space

        self.server = kept(Namespace(f"{prefix}s"))
        self.server.ip("link", "add", "public", "type", "bridge")
        for address in (f"{SERVER}/24", f"{SERVER_ALTERNATE}/24"):
            self.server.ip("addr", "add", address, "dev", "public")
        self.server.ip("addr", "add", f"{SERVER_V6}/64", "dev", "public", "nodad")
        self.server.ip("link", "set", "public", "up")
        # A way to everywhere that ends there: what is sent to a private address gets lost, as on
        # the Internet, and does not fail.
        self.server.ip("neigh", "add", "198.51.100.254", "lladdr", "02:00:00:00:00:fe",
                       "dev", "public", "nud", "permanent")
        self.server.ip("route", "add", "default", "via", "198.51.100.254")
        for number in (1, 2):
            nat = kept(Namespace(f"{prefix}n{number}"))
            client = kept(Client(f"{prefix}c{number}", number, nat))
            client.connect(self.server, self.translation)
            self.clients.append(client)
