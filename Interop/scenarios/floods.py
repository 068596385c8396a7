"""One client misbehaves in each of five ways: nobody else loses anything, and it is stopped."""

import json

from harness import daemons

# It keeps the cores busy, and other scenarios' clients have deadlines.
ALONE = True

ROOMS, SECONDS = 10, 4
# Joining, draining and leaving, besides.
SECONDS_MAX = 2 * SECONDS + 30

# By kind: what of the report shows that the offender was limited.
LIMITED = {
    # 4003: flood. The server closes it again and again.
    "messages": lambda told: told.get("closed_4003", 0) > 0,
    # 4002: it reads too slowly.
    "never-reads": lambda told: told.get("closed_4002", 0) > 0,
    # Its deadlines are longer than this run; what it sends is bounded by itself.
    "byte-a-second": lambda told: told["bytes_sent"] > 0,
    # One address has 256 places.
    "half-open": lambda told: told["connections_cut"] > 1_000,
    # 1009: too large, told before it is inflated whole; 1002 where nobody agreed on compression.
    "bomb": lambda told: told["bombs"] > 0 and
    told.get("closed_1009", 0) + told.get("closed_1002", 0) >= told["bombs"] - 5,
}


def run(context):
    """A fresh server for each kind."""
    for kind, is_limited in LIMITED.items():
        server = context.daemon(
            daemons.Parleyd(context.port(), context.port(), context.port()))
        done = context.run_program(
            "parley-load", "flood", kind, "--url", f"ws://127.0.0.1:{server.http_port}/signal",
            "--rooms", str(ROOMS), "--seconds", str(SECONDS), "--json", seconds=SECONDS_MAX)
        try:
            told = json.loads(done.stdout)
        except ValueError:
            context.ok(f"{kind}: the run ends", False, done.stdout + done.stderr)
            continue
        context.ok(f"{kind}: nobody else loses a message or the connection", told["passed"],
                   f"{told['delivered']} delivered, {told['failures']}, {told['problems']}")
        context.ok(f"{kind}: the offender is limited", is_limited(told),
                   {key: value for key, value in told.items()
                    if key.startswith("closed_") or isinstance(value, int)})
        context.stop(server)
