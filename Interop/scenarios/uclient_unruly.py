"""turnutils_uclient where it misbehaves: broken, needless and endless requests, sudden silence."""

from harness import calls, daemons, uclient
from harness.process import wait_until

# What uclient does, what of its clients' messages comes back, and the error that it must have got.
# What -R breaks is left to chance, so no counter of its own is sure to show it.
MODES = (
    ("-N", "requests without what they need", None, "400"),
    ("-G", "needless requests in between", "all", "443"),
    ("-B", "clients that vanish and come again", "all", None),
    ("-O", "allocations without end", None, None),
    ("-R", "broken messages", None, None),
)

# Each client of -G throws dice for what it asks besides; of so many, some ask for the wrong family.
CLIENTS = {"-G": 16}

# With -R it may wait for ever for the answer to a message that it broke itself.
BROKEN_SECONDS_MAX = 6
MESSAGES = 30


def run(context):
    """The verdict is the server's side: each datagram counted once, each descriptor accounted for,
    and the next client served as if nothing had been."""
    server = context.daemon(daemons.Turnd(context.port(), context.port()))
    peer = uclient.peer(context)
    idle = server.process.open_files()
    for flag, does, returns, shows in MODES:
        label = f"{flag}, {does}"
        before = sums(server)
        outcome = uclient.run(
            server, flag, "-c", *peer, clients=CLIENTS.get(flag, 2), messages=MESSAGES,
            seconds=BROKEN_SECONDS_MAX if flag == "-R" else uclient.SECONDS_MAX)
        if returns == "all":
            context.ok(f"{label}: what it sends comes back",
                       0 < outcome.sent == outcome.received, outcome.figures())
        accounts(context, server, label, before)
        if shows:
            count = server.admin.relay()["errors"].get(shows, 0)
            context.ok(f"{label}: refused with {shows}", count > before["errors"].get(shows, 0),
                       count)
        relayed = calls.relayed_messages(
            ("127.0.0.1", server.port), daemons.USER, daemons.PASSWORD)
        context.same(f"{label}: others are served afterwards", relayed, 20)
        context.ok(f"{label}: no descriptor but the allocations' own", wait_until(
            lambda: server.process.open_files() == idle + len(server.admin.allocations())),
            f"{server.process.open_files()}, {idle} when idle, "
            f"{len(server.admin.allocations())} allocations")


def sums(server):
    """What came, and all that can have become of it."""
    relay = server.admin.relay()
    return {"came": relay["receivedFromClients"],
            "became": sum(server.admin.outcomes().values()),
            "errors": relay["errors"]}


def accounts(context, server, label, before):
    """Every datagram has become an answer, a relayed payload or a drop with a reason."""
    def changed():
        now = sums(server)
        return now["came"] - before["came"], now["became"] - before["became"]

    wait_until(lambda: len(set(changed())) == 1, 3)
    came, became = changed()
    context.ok(f"{label}: each datagram is accounted for", came == became > 0,
               f"{came} came, {became} counted")
