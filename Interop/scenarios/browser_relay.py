"""Chromium and Firefox, relay only: a data channel over each transport to the relay, and video."""

from harness import browsers, daemons, secluded
from harness.relayed import judge_browser, judge_relay

# Firefox wants a network interface.
SECLUDED = True
ALONE = True

PAYLOAD = 2 * browsers.MESSAGES * browsers.BYTES_EACH


def run(context):
    """Both browsers; a password that is wrong must leave them without a candidate."""
    for browser in (browsers.Chromium, browsers.Firefox):
        with browser() as window:
            converse(context, window, "udp", media=True)
            converse(context, window, "tcp")
            refused(context, window)


def relay(context):
    """One relay for each conversation, so that its counters are about that alone."""
    return context.daemon(daemons.Turnd(
        context.port(), context.port(), hosts=(secluded.HOST,)))


def converse(context, window, transport, media=False):
    """One conversation over one transport."""
    server = relay(context)
    url = f"turn:{secluded.HOST}:{server.port}?transport={transport}"
    label = f"{window.name} over {transport}"
    result = window.converse([url], daemons.USER, daemons.PASSWORD, media)
    judge_browser(context, server, label, result, transport)
    if media:
        context.ok(f"{label}: video was decoded", result["videoFrames"] >= 10,
                   f"{result['videoFrames']} frames")
        context.ok(f"{label}: audio came", result["audioPackets"] >= 10,
                   f"{result['audioPackets']} packets")
    judge_relay(context, server, label, PAYLOAD)
    context.stop(server)


def refused(context, window):
    """The other way round: what makes the difference is the password."""
    server = relay(context)
    url = f"turn:{secluded.HOST}:{server.port}?transport=udp"
    types = window.gather([url], daemons.USER, "wrong")
    context.same(f"{window.name}: a wrong password gives no candidate", types, [])
    context.same(f"{window.name}: a wrong password allocates nothing",
                 server.admin.relay()["allocationsCreated"], 0)
    context.stop(server)
