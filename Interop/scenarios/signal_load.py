"""The load generator of signaling: joins, a storm of reconnects, an echo, and a picture."""

import json
import xml.etree.ElementTree as ElementTree

from harness import daemons
from harness.context import wait_for

SVG = "{http://www.w3.org/2000/svg}"
# Above what each run takes, joining and leaving included.
SECONDS_MAX = 20


def run(context):
    """A server, an echo, and nobody at all."""
    server = context.daemon(daemons.Parleyd(context.port(), context.port(), context.port()))
    url = f"ws://127.0.0.1:{server.http_port}/signal"
    storm(context, url, server.process.pid)
    joins(context, url)
    echo(context)
    picture(context, url)
    nobody(context)


def load(context, url, *arguments):
    """What one run says, as it is meant for programs."""
    done = context.run_program(
        "parley-load", "signal", "--url", url, "--json", *arguments, seconds=SECONDS_MAX)
    try:
        return json.loads(done.stdout)
    except ValueError:
        context.ok("a run says what became of it", False, done.stdout + done.stderr)
        return {}


def storm(context, url, pid):
    """All connections are cut while there is much to say."""
    told = load(context, url, "--rooms", "50", "--peers", "4", "--rate", "10", "--seconds", "2",
                "--storm", "all", "--pid", str(pid))
    context.ok("a storm: everybody is back and nothing is lost or doubled",
               told.get("passed") is True and told["cut"] == told["returned"] == 200,
               {key: told.get(key) for key in
                ("failures", "problems", "cut", "returned", "delivered", "lost", "sent_again")})
    context.ok("a storm: what the server's process took is told",
               told.get("server_cpu_us_per_message", 0) > 0 and told["server_kib"] > 1_000, told)


def joins(context, url):
    """Peers come and go, at a rate."""
    told = load(context, url, "--rooms", "10", "--peers", "4", "--only-joins",
                "--joins-per-second", "200", "--seconds", "1")
    context.ok("joins: as many as were asked for, and none failed",
               told.get("passed") is True and 150 <= told["joins"] <= 250, told)


def echo(context):
    """As fast as it goes, at a server that knows no rooms."""
    port = context.port()
    process = context.start("parley-echo", [str(context.binary("parley-echo")), str(port)])
    context.ok("the echo listens", wait_for(port), process.log_tail())
    told = load(context, f"ws://127.0.0.1:{port}", "--echo", "--rooms", "10", "--in-flight", "4",
                "--seconds", "1")
    context.ok("an echo: each message comes back once, in order and whole",
               told.get("passed") is True and told["delivered"] > 1_000, told)


def picture(context, url):
    """Latency over load is a picture that other people's parser reads."""
    file = context.logs / "latency.svg"
    load(context, url, "--rooms", "4", "--messages", "10", "--total", "800", "--plot", str(file))
    root = ElementTree.parse(file).getroot()
    labels = {"".join(text.itertext()) for text in root.iter(f"{SVG}text")}
    context.ok("a picture: well-formed, with curves, axes and units",
               root.tag == f"{SVG}svg" and len(list(root.iter(f"{SVG}polyline"))) == 3
               and {"p50", "p99", "latency", "loss", "load, messages a second"} <= labels, labels)


def nobody(context):
    """Where nobody listens, that is said at once."""
    done = context.run_program(
        "parley-load", "signal", "--url", f"ws://127.0.0.1:{context.port()}/signal",
        "--rooms", "500", seconds=5)
    context.ok("without a server: told at once, with status 69",
               done.returncode == 69 and "no connection" in done.stderr + done.stdout,
               (done.returncode, done.stderr))
