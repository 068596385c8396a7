"""aiortc: two peer connections, relay only, a data channel over DTLS and SCTP, 100 echoes."""

import asyncio

from aiortc import RTCConfiguration, RTCIceServer, RTCIceTransportPolicy, RTCPeerConnection

from harness import daemons
from harness.process import wait_until

MESSAGES = 100
BYTES_EACH = 500
SECONDS_MAX = 30


def peer(server):
    """A peer connection that may use nothing but the relay."""
    return RTCPeerConnection(RTCConfiguration(
        iceTransportPolicy=RTCIceTransportPolicy.RELAY,
        iceServers=[RTCIceServer(urls=f"turn:127.0.0.1:{server.port}?transport=udp",
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


async def converse(server):
    """Returns the offered candidate types and the messages that came back, in order."""
    caller, callee = peer(server), peer(server)
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
    server = context.daemon(daemons.Turnd(context.port(), context.port()))
    types, in_order = asyncio.run(converse(server))
    context.same("only relayed candidates", types, {"relay"})
    context.same("every echo came back in order", in_order, True)
    # Each message and each echo leaves for a peer once; headers and handshakes come on top.
    count = server.admin.relayed()["toPeer"][1]
    context.ok("the relay counted at least the payload", count >= 2 * MESSAGES * BYTES_EACH,
               f"{count} bytes to peers")
    context.ok("no allocation left", wait_until(lambda: not server.admin.allocations()))
