"""The relays that are compared: how each is started, all alike, and what its process takes."""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ.get("INTEROP_BIN", ROOT / ".build" / "release"))
WORK = ROOT / ".build" / "benchmark-relay"
HOST, PORT, TLS_PORT = "127.0.0.1", 20941, 20942
# Of its own, for the sockets of 10,000 clients take ports that relays would have.
RELAY_HOST = "127.0.0.2"
REALM, USER, PASSWORD = "bench", "bench", "bench"
READY_SECONDS_MAX = 10
# Of each UDP socket, where a server can be told.
SOCKET_BYTES = 4 << 20
# The server has one core and the generator another, where there are two.
SERVER_CORE, LOAD_CORE = (1, 0) if (os.cpu_count() or 1) > 1 else (0, 0)


def pinned(core: int, command: list[str]) -> list[str]:
    """The command, kept to one core."""
    return ["taskset", "-c", str(core), *command]


def certificate() -> tuple[pathlib.Path, pathlib.Path]:
    """A certificate for localhost that vouches for itself, and its key."""
    WORK.mkdir(parents=True, exist_ok=True)
    path, key = WORK / "cert.pem", WORK / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", str(key), "-out", str(path), "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True, timeout=20)
    return path, key


def answers_stun() -> bool:
    """Whether somebody answers a Binding request at the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.2)
        probe.connect((HOST, PORT))
        try:
            probe.send(struct.pack("!HHI12s", 1, 0, 0x2112A442, b"benchmark..."))
            return len(probe.recv(1500)) > 20
        except OSError:
            return False


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far: that of /proc/PID/stat, but not in ticks of 10 ms."""
    # clock_getcpuclockid(3): the scheduler's clock (2) of a whole process.
    return time.clock_gettime(~pid << 3 | 2)


class Contestant:
    """A relay as a process on a core of its own."""

    is_bare = False

    def __init__(self, name: str) -> None:
        self.name = name
        self.process: subprocess.Popen | None = None

    def command(self) -> list[str]:
        """With one thread that relays, and without a log."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Whether it can be used."""
        return answers_stun()

    @property
    def pid(self) -> int:
        """Of its process."""
        return self.process.pid

    def __enter__(self) -> "Contestant":
        environment = {key: value for key, value in os.environ.items()
                       if not key.startswith("PARLEY_")}
        WORK.mkdir(parents=True, exist_ok=True)
        log = WORK / f"{self.name.replace(' ', '-')}.log"
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *pinned(SERVER_CORE, self.command())],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                env=environment, cwd=WORK)
        end = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < end and self.process.poll() is None:
            if self.is_ready():
                time.sleep(0.3)
                return self
            time.sleep(0.05)
        self.__exit__()
        raise RuntimeError(f"{self.name} does not get ready; see {log}")

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def idle_share(self, seconds: float) -> float:
        """What it takes of its core while nobody talks to it."""
        before = cpu_seconds(self.pid)
        time.sleep(seconds)
        return (cpu_seconds(self.pid) - before) / seconds


class Parley(Contestant):
    """`turnd` of this tree, or another build of it. It listens for streams only where it has to:
    of the descriptors it may have it then keeps two thirds back for them."""

    def __init__(self, path: pathlib.Path, has_streams: bool = False) -> None:
        super().__init__("parley")
        self.path = path
        self.streams = ["--listen", f"tcp:{HOST}:{PORT}", "--listen", f"tls:{HOST}:{TLS_PORT}",
                        "--cert", str(WORK / "cert.pem"), "--key", str(WORK / "key.pem")
                        ] if has_streams else []

    def command(self) -> list[str]:
        return [str(self.path), "--threads", "1", "--listen", f"udp:{HOST}:{PORT}", *self.streams,
                "--relay-ip", RELAY_HOST, "--realm", REALM, "--user", f"{USER}:{PASSWORD}",
                "--allow-peer", "127.0.0.0/8", "--unauthenticated-rate", "0",
                "--log-level", "error", "--stop-grace", "0"]


class Coturn(Contestant):
    """`turnserver`, Debian's or another."""

    def __init__(self, path: str) -> None:
        version = subprocess.run([path, "--version"], capture_output=True, text=True,
                                 check=False, timeout=10).stdout.split()
        super().__init__(f"coturn {version[-1] if version else '?'}")
        self.path = path
        told = subprocess.run([path, "--help"], capture_output=True, text=True, check=False,
                              timeout=10)
        self.more = ["--sock-buf-size", str(SOCKET_BYTES)] if \
            "--sock-buf-size" in told.stdout + told.stderr else []

    def command(self) -> list[str]:
        return [self.path, "-n", "--relay-threads", "1", "--listening-ip", HOST,
                "--relay-ip", RELAY_HOST, "--listening-port", str(PORT),
                "--tls-listening-port", str(TLS_PORT), "--cert", str(WORK / "cert.pem"),
                "--pkey", str(WORK / "key.pem"), "--lt-cred-mech", "--realm", REALM,
                "--user", f"{USER}:{PASSWORD}", "--allow-loopback-peers", "--no-cli",
                "--no-rfc5780", "--no-stdout-log", "--log-file", "/dev/null",
                "--pidfile", str(WORK / "coturn.pid"), *self.more]


class Bare(Contestant):
    """A forwarder in C without TURN: what passing datagrams on costs at least."""

    is_bare = True

    def __init__(self, mode: str) -> None:
        super().__init__(f"bare {mode}")
        self.mode = mode

    def command(self) -> list[str]:
        return [str(WORK / "forwarder"), self.mode, str(PORT)]

    def is_ready(self) -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.settimeout(0.2)
            probe.connect((HOST, PORT))
            try:
                probe.send(socket.inet_aton(HOST) + struct.pack("!H", 9))
                return len(probe.recv(100)) == 6
            except OSError:
                return False

    @staticmethod
    def build() -> None:
        """Compiles it."""
        WORK.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [os.environ.get("CC", shutil.which("cc") or "clang"), "-O2", "-o",
             str(WORK / "forwarder"), str(ROOT / "Interop" / "benchmarks" / "forwarder.c")],
            check=True, timeout=60)
