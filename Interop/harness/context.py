"""What a scenario is given: verdicts, ports, processes that end with it, and the daemons."""

from __future__ import annotations

import contextlib
import os
import pathlib
import socket
import subprocess

from harness import daemons
from harness.process import ENVIRONMENT, Process, wait_until
from harness.report import Report

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ.get("INTEROP_BIN", ROOT / ".build" / "release"))
LOGS = ROOT / ".build" / "interop-logs"
PROGRAMS = ("parleyd", "turnd", "stund", "parleyctl", "parley-echo")


def missing_binaries() -> list[str]:
    """The programs that should have been built and were not."""
    return [name for name in PROGRAMS if not (BINARIES / name).exists()]


def is_free(port: int) -> bool:
    """Whether nobody is bound to the port, in either family, for UDP or TCP."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            with socket.socket(family, kind) as probe:
                if kind == socket.SOCK_STREAM:
                    # As servers do: a connection of the last run in TIME_WAIT is nobody.
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((host, port))
                except OSError:
                    return False
    return True


def wait_for(port: int, seconds: float = 5) -> bool:
    """Whether somebody listens at the port of 127.0.0.1 before so many seconds have passed."""
    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0
    return wait_until(listens, seconds)


class Context(Report):
    """One scenario's own world; leaving it stops whatever was started in it."""

    def __init__(self, name: str, first_port: int, ports: int) -> None:
        super().__init__()
        self.name = name
        self.logs = LOGS / name
        self.logs.mkdir(parents=True, exist_ok=True)
        self._ports = iter(range(first_port, first_port + ports, 2))
        self._stack = contextlib.ExitStack()
        self._daemons: list[daemons.Daemon] = []

    def __enter__(self) -> "Context":
        return self

    def __exit__(self, *_: object) -> None:
        for daemon in reversed(self._daemons):
            self.stop(daemon)
        self._stack.close()

    def port(self) -> int:
        """A port of this scenario's own; the next is free too, for turnutils_peer takes both."""
        return next(port for port in self._ports if is_free(port) and is_free(port + 1))

    def start(self, name: str, command: list[str]) -> Process:
        """Starts a helper process whose output goes to a log; it ends with the scenario."""
        process = Process(name, command, self.logs / f"{name}.log")
        self._stack.callback(process.stop)
        return process

    def daemon(self, daemon: daemons.Daemon) -> daemons.Daemon:
        """Starts one of the package's daemons and returns it when it answers."""
        daemon.start(BINARIES, self.logs)
        self._daemons.append(daemon)
        daemon.wait_ready()
        return daemon

    def launch(self, daemon: daemons.Daemon) -> daemons.Daemon:
        """The same for one that is to end by itself before the scenario does."""
        daemon.start(BINARIES, self.logs)
        self._stack.callback(daemon.process.stop)
        daemon.wait_ready()
        return daemon

    def binary(self, program: str) -> pathlib.Path:
        """Where one of the package's programs is."""
        return BINARIES / program

    def stop(self, daemon: daemons.Daemon) -> None:
        """Stops a daemon, and says whether it lived until then and ended when it was asked to."""
        if daemon not in self._daemons:
            return
        self._daemons.remove(daemon)
        ending = daemon.process.stop()
        if not self.ok(f"{daemon.program} lived and ended when asked to", ending == 0, ending):
            self.note(daemon.process.log_tail())

    def run_program(self, program: str, *arguments: str, seconds: float = 5):
        """Runs one of the package's programs to its end and returns the completed process. One that
        does not end is stopped, and its exit code is then below 0."""
        command = [str(BINARIES / program), *arguments]
        try:
            return subprocess.run(
                command, capture_output=True, text=True, errors="replace", timeout=seconds,
                stdin=subprocess.DEVNULL, check=False, env=ENVIRONMENT)
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, -9, "", f"still there after {seconds} s")
