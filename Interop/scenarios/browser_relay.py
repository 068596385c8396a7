"""Chromium and Firefox, relay only: data over UDP, TCP and TLS to the relay, and video."""

from harness import browsers, daemons, secluded
from harness.authority import Authority
from harness.relayed import judge_browser, judge_relay

# Firefox wants a network interface, and a name for TLS.
SECLUDED = True
ALONE = True

PAYLOAD = 2 * browsers.MESSAGES * browsers.BYTES_EACH


def run(context):
    """Both browsers; a password that is wrong must leave them without a candidate, and so must a
    certificate of an authority that they do not trust."""
    authority = Authority(context.logs)
    certificate = authority.issue(secluded.NAME)
    for browser in (browsers.Chromium, browsers.Firefox):
        with browser(authority.path) as window:
            converse(context, window, "udp", media=True)
            converse(context, window, "tcp")
            converse(context, window, "tls", certificate)
            refused(context, window, f"turn:{secluded.HOST}", "udp", "a wrong password", "wrong")
        with browser() as window:
            refused(context, window, f"turns:{secluded.NAME}", "tcp", "an unknown authority",
                    daemons.PASSWORD, certificate)


def relay(context, certificate=()):
    """One relay for each conversation, so that its counters are about that alone."""
    return context.daemon(daemons.Turnd(
        context.port(), context.port(), hosts=(secluded.HOST,), more=certificate))


def converse(context, window, transport, certificate=(), media=False):
    """One conversation over one transport."""
    server = relay(context, certificate)
    url = (f"turns:{secluded.NAME}:{server.port}?transport=tcp" if transport == "tls" else
           f"turn:{secluded.HOST}:{server.port}?transport={transport}")
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


def refused(context, window, host, transport, what, password, certificate=()):
    """The other way round: what makes the difference is the password, or the certificate."""
    server = relay(context, certificate)
    types = window.gather(
        [f"{host}:{server.port}?transport={transport}"], daemons.USER, password)
    context.same(f"{window.name}: {what} gives no candidate", types, [])
    context.same(f"{window.name}: {what} allocates nothing",
                 server.admin.relay()["allocationsCreated"], 0)
    context.stop(server)
