"""GStreamer's webrtcbin over libnice, relay only: a data channel and audio over each transport."""

import json
import subprocess

from harness import daemons, secluded
from harness.authority import Authority
from harness.context import ROOT

# libnice does not look at loopback, and its other addresses do not reach a server there.
SECLUDED = True

# Debian's own interpreter: the bindings are not on PyPI.
COMMAND = ["/usr/bin/python3", str(ROOT / "Interop" / "peers" / "webrtcbin.py")]

MESSAGES = 50
AUDIO_PACKETS = 25
SECONDS_MAX = 30


def run(context):
    """Two ends in one process of their own."""
    certificate = Authority(context.logs).issue(secluded.NAME)
    for transport in ("udp", "tcp", "tls"):
        converse(context, transport, certificate)


def converse(context, transport, certificate):
    """webrtcbin leaves its allocations to expire, so whether they go is for others to see."""
    server = context.daemon(daemons.Turnd(
        context.port(), context.port(), hosts=(secluded.HOST,), more=certificate))
    label = f"webrtcbin over {transport}"
    scheme, way = ("turns", "tcp") if transport == "tls" else ("turn", transport)
    address = f"{daemons.USER}:{daemons.PASSWORD}@{secluded.NAME}:{server.port}"
    try:
        done = subprocess.run(
            [*COMMAND, f"{scheme}://{address}?transport={way}"],
            capture_output=True, text=True, errors="replace", timeout=SECONDS_MAX, check=False)
        output, complaints = done.stdout, done.stderr
    except subprocess.TimeoutExpired as late:
        output, complaints = "", f"nothing in {SECONDS_MAX} s, {late.stderr}"
    result = json.loads(output or "{}")
    if not result:
        context.note(complaints[-1500:])
    context.same(f"{label}: only relayed candidates", result.get("types"), ["relay"])
    context.same(f"{label}: echoes in order", result.get("echoes"), MESSAGES)
    context.ok(f"{label}: audio came", result.get("audio", 0) >= AUDIO_PACKETS,
               f"{result.get('audio')} packets")
    context.stop(server)
