"""Signals and draining, with real processes: SIGTERM, SIGUSR1, parleyctl drain, and process 1."""

import json
import signal
import socket
import subprocess
import time

from harness import calls, daemons, stun
from harness.admin import Admin
from harness.process import Process, wait_until


class Turnd(daemons.Turnd):
    """A relay with other flags at its end."""

    def __init__(self, *ports: int, flags: tuple[str, ...] = ()) -> None:
        super().__init__(*ports)
        self.flags = flags

    def ending(self) -> list[str]:
        """How this one ends."""
        return list(self.flags)


def run(context):
    """One way to end after the other."""
    drains_for_its_last_client(context)
    stops_after_its_grace(context)
    second_signal(context)
    pages_become_unready(context)
    process_one(context)
    tells_the_service_manager(context)


def start(context, *flags):
    """A relay that ends by itself, so that the harness does not expect it at the end."""
    server = Turnd(context.port(), context.port(), flags=flags)
    context.launch(server)
    return server


def allocate_code(server):
    """The error code that a new client gets; None for an allocation."""
    with stun.connected("127.0.0.1", server.port, 2) as talk:
        try:
            calls.Allocation(talk, daemons.USER, daemons.PASSWORD)
        except calls.Refused as refused:
            return refused.code
    return None


def drains_for_its_last_client(context):
    """parleyctl drain: old clients go on, new ones do not come, and then it is over."""
    server = start(context, "--drain-deadline", "600")
    address = (("127.0.0.1", server.port), daemons.USER, daemons.PASSWORD)
    with calls.allocation(*address) as held:
        asked = context.run_program("parleyctl", "drain", "--admin", server.admin.url[7:])
        context.ok("parleyctl drain says what is left",
                   asked.returncode == 0 and "1 allocations are left" in asked.stdout, asked.stdout)
        context.same("it is unready at once", server.admin.status("/readyz"), 503)
        context.same("it is healthy nevertheless", server.admin.status("/healthz"), 200)
        context.same("a new client gets 508", allocate_code(server), 508)
        kind = held.request(stun.REFRESH, stun.attribute(stun.LIFETIME, (600).to_bytes(4, "big")))
        context.same("an old one refreshes", kind, stun.REFRESH | stun.SUCCESS)
        time.sleep(1)
        context.ok("it lives as long as the client does", server.process.is_alive())
    context.ok("it ends with its last allocation", server.process.ends(5))
    context.same("with status 0", server.process.exit_code(), 0)


def stops_after_its_grace(context):
    """SIGTERM with an allocation, and SIGUSR1 with a deadline."""
    for number, flags in ((signal.SIGTERM, ("--stop-grace", "1")),
                          (signal.SIGUSR1, ("--drain-deadline", "1"))):
        server = start(context, *flags)
        with stun.connected("127.0.0.1", server.port, 2) as talk:
            calls.Allocation(talk, daemons.USER, daemons.PASSWORD)
            begin = time.monotonic()
            server.process.send(number)
            ended = server.process.ends(8)
            seconds = time.monotonic() - begin
        context.ok(f"{number.name}: it ends when its time is over, with status 0",
                   ended and server.process.exit_code() == 0 and 0.9 < seconds < 4,
                   f"{seconds:.1f} s")
        context.ok(f"{number.name}: the allocation's end is in the log",
                   "allocation ended" in server.process.log_tail())


def second_signal(context):
    """Nobody has to wait who does not want to."""
    server = start(context, "--stop-grace", "600")
    with stun.connected("127.0.0.1", server.port, 2) as talk:
        calls.Allocation(talk, daemons.USER, daemons.PASSWORD)
        server.process.send(signal.SIGTERM)
        context.ok("SIGTERM: it waits for the allocation", not server.process.ends(1))
        server.process.send(signal.SIGTERM)
        context.ok("a second SIGTERM ends it at once", server.process.ends(2))


def pages_become_unready(context):
    """parleyd says so where load balancers ask."""
    server = daemons.Parleyd(context.port(), context.port(), context.port())
    context.launch(server)
    pages = Admin(server.url)
    with stun.connected("127.0.0.1", server.port, 2):
        context.same("parleyd is ready", pages.status("/readyz"), 200)
    server.process.send(signal.SIGUSR1)
    context.ok("parleyd without allocations ends when it drains", server.process.ends(5))
    context.same("parleyd ends with status 0", server.process.exit_code(), 0)


def process_one(context):
    """coturn#945: for process 1 the kernel ignores signals that nobody handles."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        server = Turnd(context.port(), context.port())
        command = [str(context.binary(server.program)), *server.arguments()]
        process = Process("process-1", ["unshare", "--pid", "--fork", "--mount-proc",
                                        "--kill-child=KILL", *command],
                          context.logs / f"process-1-{number.name}.log")
        server.process = process
        server.wait_ready()
        inside = [int(pid) for pid in subprocess.run(
            ["pgrep", "-P", str(process.pid)], capture_output=True, text=True,
            check=False).stdout.split()]
        context.same(f"{number.name}: there is one process in the namespace", len(inside), 1)
        if inside:
            status = subprocess.run(["grep", "NSpid", f"/proc/{inside[0]}/status"],
                                    capture_output=True, text=True, check=False).stdout.split()
            context.same(f"{number.name}: its number is 1", status[-1:], ["1"])
            subprocess.run(["kill", f"-{number.name[3:]}", str(inside[0])], check=False)
        context.ok(f"coturn#945: process 1 ends on {number.name}", process.ends(5))
        process.stop()


def tells_the_service_manager(context):
    """READY, then STOPPING."""
    path = context.logs / "notify"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(5)
        server = Turnd(context.port(), context.port())
        process = Process("notify", [str(context.binary(server.program)), *server.arguments()],
                          context.logs / "notify.log", {"NOTIFY_SOCKET": str(path)})
        heard = [manager.recv(200).decode()]
        process.send(signal.SIGTERM)
        while heard[-1] != "STOPPING=1" and len(heard) < 5:
            heard.append(manager.recv(200).decode())
        context.ok("the service manager hears of beginning and end",
                   heard == ["READY=1", "STOPPING=1"], json.dumps(heard))
        context.ok("and then it ends", wait_until(lambda: not process.is_alive()))
        process.stop()
    path.unlink(missing_ok=True)
