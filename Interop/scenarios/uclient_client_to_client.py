"""turnutils_uclient between relayed addresses of one relay, by channels and by indications."""

from harness import daemons, uclient
from harness.relaychecks import Ledger


def run(context):
    """`-y`: each client's peer is the relayed address of the other."""
    server = context.daemon(daemons.Turnd(context.port(), context.port()))
    for label, flags in (("channels", ["-y"]), ("indications", ["-y", "-s"])):
        ledger = Ledger(server)
        outcome = uclient.run(server, "-c", *flags, messages=200)
        ledger.check(context, label, outcome)
