"""RFC 6455 and 7692 by other people's clients: Autobahn's (with Python 2.7), and websockets."""

from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.sync.client import connect

from harness import autobahn
from harness.context import wait_for

FUZZ_SECONDS_MAX = 120
TEXT = "a=candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host\r\n" * 100
MESSAGES = ["", "short", "κόσμε", TEXT, b"", bytes(range(256)) * 40, "x" * 1_000_000]
# The offers of permessage-deflate, each with the size of window that has to be agreed on.
OFFERS = {
    "plain": ({}, None),
    "no context takeover":
        ({"server_no_context_takeover": True, "client_no_context_takeover": True}, None),
    "a window for us": ({"server_max_window_bits": 10}, 10),
    "the smallest window for us": ({"server_max_window_bits": 9}, 9),
    "a window for the client": ({"client_max_window_bits": 9}, None),
}


def run(context):
    """The echo shares parser, handshake, frames and codec with the signaling port."""
    port = context.port()
    echo = context.start("parley-echo", [str(context.binary("parley-echo")), str(port)])
    if not context.ok("the echo listens", wait_for(port)):
        return context.note(echo.log_tail())
    url = f"ws://127.0.0.1:{port}"
    for label, (parameters, bits) in OFFERS.items():
        exchange(context, url, label, parameters, bits)
    without(context, url)
    fuzz(context, url)
    context.ok("the echo lives", echo.is_alive(), echo.log_tail())


def exchange(context, url, label, parameters, bits):
    """One connection with compression."""
    factory = ClientPerMessageDeflateFactory(**parameters)
    with connect(url, extensions=[factory], compression=None, proxy=None, max_size=None) as socket:
        answer = socket.response.headers["Sec-WebSocket-Extensions"]
        expected = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        expected += f"; server_max_window_bits={bits}" if bits else ""
        context.same(f"deflate, {label}: what is agreed on", answer, expected)
        for message in MESSAGES * 2:
            socket.send(message)
        back = [socket.recv(timeout=10) for _ in MESSAGES * 2]
        context.ok(f"deflate, {label}: every message comes back", back == MESSAGES * 2)
        context.ok(f"deflate, {label}: a ping is answered", socket.ping().wait(5))
    context.same(f"deflate, {label}: the close is clean", socket.close_code, 1000)


def without(context, url):
    """One without, in fragments."""
    with connect(url, compression=None, proxy=None, max_size=None) as socket:
        context.ok("plain: no extension", "Sec-WebSocket-Extensions" not in socket.response.headers)
        for message in MESSAGES:
            pieces = [message[at:at + 1000] for at in range(0, len(message) or 1, 1000)]
            socket.send(iter(pieces))
            context.ok(f"plain: {len(message)} in {len(pieces)} fragments",
                       socket.recv(timeout=10) == message)
    context.same("plain: the close is clean", socket.close_code, 1000)


def fuzz(context, url):
    """A verdict for each section of Autobahn's that takes seconds, where it can run."""
    python = autobahn.python27()
    if python is None:
        context.note("AUTOBAHN DID NOT RUN: there is no python2.7 on PATH or in ~/.pyenv. "
                     "Its categories are run by the corpus in Tests/WebSocketTests.")
        return
    results = autobahn.fuzz(
        autobahn.wstest(python), url, context.logs, autobahn.LONG_SECTIONS, FUZZ_SECONDS_MAX)
    context.note(f"Autobahn: {len(results)} cases; all of them with Interop/autobahn")
    sections = autobahn.by_section(results)
    context.same("Autobahn runs its sections", " ".join(sections), "1 2 3 4 5 6 7 10")
    for section, found in sections.items():
        failures = autobahn.bad(found)
        context.ok(f"Autobahn section {section}: {autobahn.tell(found)}", not failures, failures)
