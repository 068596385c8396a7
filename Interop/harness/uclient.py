"""coturn's load client, turnutils_uclient, and what may be concluded from what it prints."""

from __future__ import annotations

import dataclasses
import re
import subprocess

from harness import daemons

SECONDS_MAX = 60


def forgotten(clients: int, flags: tuple[str, ...]) -> int:
    """How many allocations uclient leaves behind: before each connection, or before each two when
    they belong together, it makes one more to look at the relay, and never gives that back."""
    return clients if "-c" in flags and "-y" not in flags else clients // 2


@dataclasses.dataclass
class Outcome:
    """uclient's own totals, and its output for the notes."""

    sent: int
    received: int
    sent_bytes: int
    received_bytes: int
    exit_code: int
    output: str
    flags: tuple[str, ...]
    clients: int
    length: int

    def figures(self) -> str:
        """The totals on one line."""
        return (f"sent {self.sent}, received {self.received}, "
                f"bytes {self.sent_bytes}/{self.received_bytes}")


def last_pair(pattern: str, output: str) -> tuple[int, int]:
    """The last two numbers that match; (0, 0) when uclient did not get as far as printing them."""
    found = re.findall(pattern, output)
    return (int(found[-1][0]), int(found[-1][1])) if found else (0, 0)


def run(server: daemons.Daemon, *flags: str, host: str = "127.0.0.1", clients: int = 2,
        messages: int = 300, length: int = 170, interval_ms: int = 5,
        username: str = daemons.USER, password: str = daemons.PASSWORD,
        seconds: float = SECONDS_MAX) -> Outcome:
    """Runs it against a server. Without `-c` clients come in twos, one for RTP and one for RTCP,
    with neighbouring ports by EVEN-PORT and RESERVATION-TOKEN, which browsers never ask for."""
    command = ["turnutils_uclient", "-u", username, "-w", password,
               "-m", str(clients), "-n", str(messages), "-l", str(length), "-z", str(interval_ms),
               *flags, "-p", str(server.port), host]
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", timeout=seconds, check=False)
        output, code = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        output, code = (late.stdout or b"").decode(errors="replace"), -1
    sent, received = last_pair(r"tot_send_msgs=(\d+), tot_recv_msgs=(\d+)", output)
    out, back = last_pair(r"tot_send_bytes ~ (\d+), tot_recv_bytes ~ (\d+)", output)
    return Outcome(sent, received, out, back, code, output, flags, clients, length)


def peer(context, host: str = "127.0.0.1") -> list[str]:
    """Starts an echoing peer and returns the flags that point uclient to it. It listens on the
    port it is given and on the next one, without complaint when somebody else already does."""
    port = context.port()
    context.start(f"peer-{port}", ["turnutils_peer", "-L", host, "-p", str(port)])
    return ["-e", host, "-r", str(port)]
