"""The daemons under test: their command lines are here and nowhere else."""

from __future__ import annotations

import pathlib
import urllib.parse

from harness import stun
from harness.admin import Admin
from harness.process import Process, wait_until

READY_SECONDS_MAX = 20

REALM = "bench"
USER = "bench"
PASSWORD = "bench"

# Relaying is by default refused to loopback, which is all there is in these tests.
LOOPBACK = ("--allow-peer", "127.0.0.0/8", "--allow-peer", "::1/128")


def endpoint(host: str, port: int) -> str:
    """HOST:PORT as the flags take it, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Daemon:
    """A daemon, its listeners, and the ways to ask whether it is ready."""

    program = ""
    # All on one port.
    transports: tuple[str, ...] = ("udp",)

    def __init__(self, hosts: tuple[str, ...], port: int, admin_port: int | None = None) -> None:
        self.hosts = hosts
        self.port = port
        self.admin = None if admin_port is None else Admin(f"http://127.0.0.1:{admin_port}")
        self.process: Process

    def arguments(self) -> list[str]:
        """The command line after the program's name."""
        flags = [word for host in self.hosts for transport in self.transports
                 for word in ("--listen", f"{transport}:{endpoint(host, self.port)}")]
        if self.admin is not None:
            flags += ["--admin", urllib.parse.urlsplit(self.admin.url).netloc]
        return flags

    def start(self, binaries: pathlib.Path, logs: pathlib.Path) -> None:
        """Starts it; its output goes to a log named after it and its port."""
        self.process = Process(
            self.program, [str(binaries / self.program), *self.arguments()],
            logs / f"{self.program}-{self.port}.log")

    def is_ready(self) -> bool:
        """Whether it answers everywhere it should."""
        return all(stun.binding(host, self.port, 0.2) for host in self.hosts) and (
            self.admin is None or self.admin.answers())

    def wait_ready(self) -> None:
        """Returns when it is ready; raises with the end of its log when it is not in time."""
        if not wait_until(lambda: not self.process.is_alive() or self.is_ready(),
                          READY_SECONDS_MAX) or not self.process.is_alive():
            raise RuntimeError(f"{self.program} does not get ready; {self.process.log_tail()}")


class Stund(Daemon):
    """Binding only."""

    program = "stund"


class Turnd(Daemon):
    """The relay alone, with one long-term user or a REST secret."""

    program = "turnd"
    transports = ("udp", "tcp")

    def __init__(self, port: int, admin_port: int, *, hosts: tuple[str, ...] = ("127.0.0.1",),
                 secret: str | None = None, more: tuple[str, ...] = (),
                 threads: int = 1) -> None:
        super().__init__(hosts, port, admin_port)
        self.secret = secret
        self.more = more
        self.threads = threads

    def arguments(self) -> list[str]:
        """As one would start it for a benchmark, and `--legacy-channels`: Debian's uclient picks
        channel numbers up to 0x7FFF, as RFC 5766 allowed; RFC 8656 ends at 0x4FFF."""
        relays = [word for host in self.hosts for word in ("--relay-ip", host)]
        who = ["--user", f"{USER}:{PASSWORD}"] if self.secret is None else ["--secret", self.secret]
        return [*super().arguments(), *relays, "--realm", REALM, *who, *LOOPBACK,
                "--threads", str(self.threads), "--legacy-channels", *self.ending(), *self.more]

    def ending(self) -> list[str]:
        """Tests do not wait for what clients leave behind."""
        return ["--stop-grace", "0"]


class Parleyd(Daemon):
    """The whole server as `--dev` starts it, on ports of its own."""

    program = "parleyd"

    def __init__(self, port: int, http_port: int, admin_port: int, *more: str) -> None:
        super().__init__(("127.0.0.1",), port, admin_port)
        self.http_port = http_port
        self.url = f"http://127.0.0.1:{http_port}"
        self.more = more

    def arguments(self) -> list[str]:
        """`--dev`, moved away from the ports that it has by default."""
        return ["--dev", "--http", f"127.0.0.1:{self.http_port}", *super().arguments(), *self.more]

    def is_ready(self) -> bool:
        """Also wants the health page."""
        return super().is_ready() and Admin(self.url).answers("/healthz")
