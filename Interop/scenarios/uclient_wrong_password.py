"""turnutils_uclient with a wrong password and with an unknown name: refused, nothing allocated."""

from harness import daemons, uclient
from harness.relaychecks import Ledger


def run(context):
    """Then once with the right one, so that it was the password that made the difference."""
    server = context.daemon(daemons.Turnd(context.port(), context.port()))
    peer = uclient.peer(context)
    ledger = Ledger(server)
    for label, who in (("wrong password", {"password": "wrong"}),
                       ("unknown name", {"username": "nobody"})):
        outcome = uclient.run(server, "-c", *peer, clients=1, messages=5, **who)
        context.ok(f"{label} is refused", outcome.exit_code not in (0, -1) and outcome.sent == 0,
                   f"exit code {outcome.exit_code}")
    context.same("nothing allocated", server.admin.relay()["allocationsCreated"], ledger.created)
    outcome = uclient.run(server, "-c", *peer, clients=1, messages=5)
    ledger.check(context, "right password", outcome)
