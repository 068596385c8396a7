"""One client misbehaves in each of five ways: nobody else loses anything, and it is stopped."""

import json

from harness import daemons

# It keeps the cores busy, and other scenarios' clients have deadlines.
ALONE = True

ROOMS = 10
# Of calm, and then of flood. A head may take ten seconds.
SECONDS = {"byte-a-second": 13}
SECONDS_OTHERWISE = 4
# Joining, draining and leaving, besides.
MORE_SECONDS_MAX = 30

# By kind: what of the report shows that the offender was limited.
LIMITED = {
    # 4003: flood. The server closes it again and again.
    "messages": lambda told: told.get("closed_4003", 0) > 0,
    # 4002: it reads too slowly.
    "never-reads": lambda told: told.get("closed_4002", 0) > 0,
    # All of them within ten seconds; frames have until the silence is too long.
    "byte-a-second": lambda told: told["heads_ended"] >= 30 and told["handshakes_ended"] >= 30,
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
        seconds = SECONDS.get(kind, SECONDS_OTHERWISE)
        done = context.run_program(
            "parley-load", "flood", kind, "--url", f"ws://127.0.0.1:{server.http_port}/signal",
            "--rooms", str(ROOMS), "--seconds", str(seconds), "--json",
            seconds=2 * seconds + MORE_SECONDS_MAX)
        try:
            told = json.loads(done.stdout)
        except ValueError:
            context.ok(f"{kind}: the run ends", False, done.stdout + done.stderr)
            continue
        context.ok(f"{kind}: nobody else loses a message or the connection", told["passed"],
                   f"{told['delivered']} delivered, {told['failures']}, {told['problems']}")
        context.ok(f"{kind}: the offender is limited", is_limited(told),
                   {key: value for key, value in told.items()
                    if key.startswith(("closed_", "connections_", "heads_", "bombs"))})
        context.stop(server)
