"""A process that was started here: its log, its end, and what the kernel says about it."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import time

STOP_SECONDS_MAX = 10

# The servers read variables that begin like this; only the command line is to count here.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}


class Process:
    """A child process that is killed by the kernel if this one dies, and never by its name."""

    def __init__(self, name: str, command: list[str], log: pathlib.Path,
                 environment: dict[str, str] | None = None) -> None:
        self.name = name
        self.log = log
        with open(log, "wb") as output:
            # setpriv becomes the command, so the pid is the command's own.
            self._popen = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *command],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                env=ENVIRONMENT | (environment or {}))
        self.pid = self._popen.pid

    def is_alive(self) -> bool:
        """Whether it still runs; the pid cannot be another's, because it is our child."""
        return self._popen.poll() is None

    def send(self, number: int) -> None:
        """Sends it a signal, if it still is there."""
        self._popen.send_signal(number)

    def ends(self, seconds: float) -> bool:
        """Whether it ends by itself within so many seconds."""
        return wait_until(lambda: not self.is_alive(), seconds)

    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return self._popen.poll()

    def stop(self) -> int | str:
        """Ends it. 0 if it lived and left with 0 when asked; else a text that says what it did."""
        if not self.is_alive():
            return f"was gone before, exit code {self._popen.returncode}"
        self._popen.terminate()
        try:
            code = self._popen.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
            return f"did not end within {STOP_SECONDS_MAX} s of SIGTERM"
        return code if code == 0 else f"exit code {code} after SIGTERM"

    def log_tail(self, lines: int = 20) -> str:
        """The end of its output, for a failure's notes."""
        text = self.log.read_text(errors="replace").splitlines()
        return "\n".join([f"end of the log of {self.name}:", *text[-lines:]])

    def resident_kib(self) -> int:
        """Its resident memory in KiB."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1))

    def open_files(self) -> int:
        """How many file descriptors it has."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))


def socket_drops(port: int) -> int:
    """Datagrams that the kernel dropped because a socket on this local UDP port was full."""
    drops = 0
    for table in ("udp", "udp6"):
        for line in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if int(fields[1].rsplit(":", 1)[1], 16) == port:
                drops += int(fields[-1])
    return drops


def wait_until(holds, seconds: float = 5.0, step: float = 0.05) -> bool:
    """Waits until `holds()` is true; false when it is not within `seconds`."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(step)
    return True
