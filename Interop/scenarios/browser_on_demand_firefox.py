"""Firefox, relay on demand: none while the direct way works, and one when it ends."""

from harness import browsers
from scenarios.browser_on_demand import run_in

# The packet filter is this scenario's own, and Firefox wants a network interface.
SECLUDED = True
ALONE = True


def run(context):
    """As in Chromium."""
    run_in(browsers.Firefox, context)
