"""`parley-load relay` through the relay: bursts both ways, every transport, and nothing is lost."""

import json

from harness import authority, daemons

CLIENTS = "4"
# Of two seconds each way.
BURSTS = ("--rate", "800", "--burst", "16", "--size", "1200", "--seconds", "2")
SINGLES = ("--rate", "100", "--size", "161", "--seconds", "1")
SECONDS_MAX = 20


def relay(context, what, port, *words):
    """One run; says whether all arrived whole, and returns the report."""
    done = context.run_program(
        "parley-load", "relay", "--server", f"127.0.0.1:{port}",
        "--user", f"{daemons.USER}:{daemons.PASSWORD}", "--clients", CLIENTS, "--expect-no-loss",
        "--json", *words, seconds=SECONDS_MAX)
    try:
        told = json.loads(done.stdout)
    except ValueError:
        context.ok(f"{what}: the run ends", False, done.stdout + done.stderr)
        return {}
    context.ok(f"{what}: all arrives, once and whole", told["passed"] and told["lost"] == 0
               and told["duplicated"] == 0 and told["foreign"] == 0
               and told["received"] == told["sent"] > 0,
               {key: told[key] for key in ("sent", "received", "failures", "problems")})
    return told


def run(context):
    """Datagrams, then streams; then allocations alone."""
    ca = authority.Authority(context.logs)
    sealed = context.port()
    server = context.daemon(daemons.Turnd(
        context.port(), context.port(),
        more=("--listen", f"tls:127.0.0.1:{sealed}", *ca.issue("localhost"))))
    pid = ("--pid", str(server.process.pid))
    told = relay(context, "bursts", server.port, *BURSTS, *pid)
    context.ok("bursts: the server's processor time is told",
               told.get("server_cpu_us_per_packet", 0) > 0, told.get("server_cpu_us_per_packet"))
    relay(context, "bursts over TCP", server.port, *BURSTS, "--transport", "tcp")
    relay(context, "bursts over TLS", sealed, *BURSTS, "--transport", "tls",
          "--trust", str(ca.path))
    relay(context, "singles in indications", server.port, *SINGLES, "--indications")
    relay(context, "pairs of clients", server.port, *SINGLES, "--pairs")
    relay(context, "several clients of one peer", server.port, *SINGLES, "--peers", "1")

    done = context.run_program(
        "parley-load", "relay", "--server", f"127.0.0.1:{server.port}",
        "--user", f"{daemons.USER}:{daemons.PASSWORD}", "--allocations-only", "--clients", "200",
        "--hold", "0", "--json", *pid, seconds=SECONDS_MAX)
    told = json.loads(done.stdout or "{}")
    context.ok("200 allocations are made, refreshed and given back", told.get("passed"), told)
