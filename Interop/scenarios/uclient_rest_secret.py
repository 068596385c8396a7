"""turnutils_uclient with time-limited credentials made from a shared secret, as REST APIs do."""

from harness import daemons, uclient
from harness.relaychecks import Ledger

SECRET = "interop-secret"


def run(context):
    """`-W` makes the name `expiry:user` and its HMAC-SHA1 password from the secret."""
    server = context.daemon(daemons.Turnd(context.port(), context.port(), secret=SECRET))
    peer = uclient.peer(context)
    ledger = Ledger(server)
    outcome = uclient.run(server, "-c", "-W", SECRET, *peer, messages=100)
    ledger.check(context, "REST credentials", outcome)

    ledger = Ledger(server)
    outcome = uclient.run(server, "-c", "-W", "another-secret", *peer, clients=1, messages=5)
    context.ok("another secret is refused", outcome.exit_code not in (0, -1) and not outcome.sent,
               f"exit code {outcome.exit_code}")
    context.same("another secret allocates nothing",
                 server.admin.relay()["allocationsCreated"], ledger.created)
