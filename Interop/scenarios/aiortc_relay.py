"""aiortc: two peer connections, relay only, over UDP, TCP and TLS: echoes on a data channel."""

import asyncio
import os

from aiortc import RTCConfiguration, RTCIceServer, RTCIceTransportPolicy, RTCPeerConnection

from harness import daemons
from harness.authority import Authority
from harness.relayed import judge_relay

MESSAGES = 100
BYTES_EACH = 500
SECONDS_MAX = 30


def url(server, transport):
    """Where the relay is; the certificate is for its name."""
    if transport == "tls":
        return f"turns:localhost:{server.port}?transport=tcp"
    return f"turn:127.0.0.1:{server.port}?transport={transport}"


def peer(server, transport):
    """A peer connection that may use nothing but the relay."""
    return RTCPeerConnection(RTCConfiguration(
        iceTransportPolicy=RTCIceTransportPolicy.RELAY,
        iceServers=[RTCIceServer(urls=url(server, transport),
                                 username=daemons.USER, credential=daemons.PASSWORD)]))


def echo_on(connection):
    """Sends back whatever comes in on any data channel."""
    @connection.on("datachannel")
    def opened(channel):
        channel.on("message", channel.send)


async def negotiate(caller, callee):
    """Offer and answer, candidates inside."""
    await caller.setLocalDescription(await caller.createOffer())
    await callee.setRemoteDescription(caller.localDescription)
    await callee.setLocalDescription(await callee.createAnswer())
    await caller.setRemoteDescription(callee.localDescription)


async def converse(server, transport):
    """Returns the offered candidate types and the messages that came back, in order."""
    caller, callee = peer(server, transport), peer(server, transport)
    sent = [f"{number}".ljust(BYTES_EACH, ".") for number in range(MESSAGES)]
    returned, done = [], asyncio.Event()
    channel = caller.createDataChannel("interop")

    @channel.on("open")
    def opened():
        for text in sent:
            channel.send(text)

    @channel.on("message")
    def received(text):
        returned.append(text)
        if len(returned) == MESSAGES:
            done.set()

    echo_on(callee)
    try:
        await negotiate(caller, callee)
        await asyncio.wait_for(done.wait(), SECONDS_MAX)
    finally:
        await asyncio.gather(caller.close(), callee.close())
    sdp = caller.localDescription.sdp + callee.localDescription.sdp
    types = {line.split(" typ ")[1].split()[0] for line in sdp.splitlines() if " typ " in line}
    return types, returned == sent


def run(context):
    """Also: the bytes are in the relay's counters, and no allocation is left."""
    authority = Authority(context.logs)
    certificate = authority.issue("localhost")
    # Python's own ssl, which aiortc uses, trusts what this names.
    os.environ["SSL_CERT_FILE"] = str(authority.path)
    for transport in ("udp", "tcp", "tls"):
        server = context.daemon(daemons.Turnd(
            context.port(), context.port(), more=certificate))
        types, in_order = asyncio.run(converse(server, transport))
        context.same(f"{transport}: only relayed candidates", types, {"relay"})
        context.same(f"{transport}: every echo came back in order", in_order, True)
        # Each message and each echo leaves for a peer once; headers and handshakes come on top.
        judge_relay(context, server, transport, 2 * MESSAGES * BYTES_EACH)
        context.stop(server)
