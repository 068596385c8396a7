"""turnutils_uclient with tokens of three authorization servers, a new one for each Refresh."""

from harness import daemons, uclient
from harness.relaychecks import Ledger

# What uclient seals its tokens with, chosen by chance each time: its own, for tests.
KEYS = {
    "north": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEK:A256GCM",
    "union": "MTIzNDU2Nzg5MDEyMzQ1Ngo=:A128GCM",
    "oldempire": "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIK:A256GCM",
}


def turnd(context, keys: dict[str, str]) -> daemons.Turnd:
    """A relay that trusts these authorization servers."""
    flags = [word for kid, key in keys.items() for word in ("--oauth-key", f"{kid}:{key}")]
    return context.daemon(daemons.Turnd(
        context.port(), context.port(),
        more=(*flags, "--server-name", "blackdow.carleon.gov")))


def run(context):
    """`-J` asks for nothing but what THIRD-PARTY-AUTHORIZATION names, and has no password."""
    server = turnd(context, KEYS)
    peer = uclient.peer(context)
    ledger = Ledger(server)
    outcome = uclient.run(server, "-c", "-J", *peer, password="none", messages=100)
    ledger.check(context, "access tokens", outcome)

    other = turnd(context, {"north": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="})
    ledger = Ledger(other)
    outcome = uclient.run(other, "-c", "-J", *peer, password="none", clients=1, messages=5)
    context.ok("another key's tokens are refused",
               outcome.exit_code not in (0, -1) and not outcome.sent,
               f"exit code {outcome.exit_code}")
    context.same("another key's tokens allocate nothing",
                 other.admin.relay()["allocationsCreated"], ledger.created)
