"""Two example clients, written from Docs/protocol.md alone, talk; one is cut, nothing is lost."""

import asyncio
import contextlib
import sys

from browser.cuttable import CuttableProxy
from harness import daemons
from harness.context import ROOT

sys.path.insert(0, str(ROOT / "Interop" / "example"))
from parley_client import Client  # noqa: E402, after the path to it

SDP = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
SECONDS_MAX = 40
CUTS = 5
CANDIDATES = 40


def run(context):
    """Each part has a room of its own."""
    server = context.daemon(
        daemons.Parleyd(context.port(), context.port(), context.port()))
    for part in (exchange, cuts, goodbye):
        try:
            asyncio.run(asyncio.wait_for(part(context, server), SECONDS_MAX))
        except (TimeoutError, KeyError) as error:
            context.ok(part.__name__, False, repr(error))


class Person:
    """A client, and all that it was told."""

    def __init__(self, client):
        self.client = client
        self.heard = []

    async def listen(self):
        """Hears until the client has ended."""
        async for message in self.client:
            self.heard.append(message)

    def all(self, kind):
        """What was heard of one type."""
        return [message for message in self.heard if message["type"] == kind]

    async def until(self, kind, count=1):
        """So many messages of a type, at least, and all of them."""
        while len(self.all(kind)) < count:
            await asyncio.sleep(0.01)
        return self.all(kind)

    @property
    def name(self):
        """What the others call it."""
        return self.client.joined["peer"]


@contextlib.asynccontextmanager
async def enter(port, room, name):
    """Somebody in a room, by a port of this machine."""
    async with Client(f"ws://127.0.0.1:{port}/signal", room, name=name) as client:
        person = Person(client)
        listening = asyncio.create_task(person.listen())
        try:
            await person.until("joined")
            yield person
        finally:
            listening.cancel()


async def exchange(context, server):
    """An offer, an answer and candidates, as two browsers would exchange them."""
    async with enter(server.http_port, "exchange", "Ann") as ann, \
            enter(server.http_port, "exchange", "Ben") as ben:
        await ann.until("presence")
        context.same("each knows the other", (list(ann.client.peers), list(ben.client.peers)),
                     ([ben.name], [ann.name]))
        context.ok("whoever came later is the polite one", ben.client.joined["order"]
                   > ben.client.peers[ann.name]["order"])
        ann.client.send({"type": "offer", "to": ben.name, "sdp": SDP})
        [offer] = await ben.until("offer")
        ben.client.send({"type": "answer", "to": offer["from"], "sdp": SDP})
        context.same("the answer arrives", [
            (each["from"], each["sdp"]) for each in await ann.until("answer")], [(ben.name, SDP)])
        for left, right in ((ann, ben), (ben, ann)):
            sent = [{"candidate": f"candidate:{number}"} for number in range(CANDIDATES)]
            for candidate in sent:
                left.client.send({"type": "candidate", "to": right.name, "candidate": candidate})
            left.client.send({"type": "end-of-candidates", "to": right.name})
            await right.until("end-of-candidates")
            context.ok("all candidates arrive in order, each once",
                       [each["candidate"] for each in right.all("candidate")] == sent)


async def cuts(context, server):
    """Ben's network fails again and again while both talk, and they go on talking."""
    with CuttableProxy("127.0.0.1", server.http_port) as proxy:
        async with enter(server.http_port, "cuts", "Ann") as ann, \
                enter(proxy.port, "cuts", "Ben") as ben:
            await ann.until("presence")
            name, count = ben.name, 0

            async def talk():
                nonlocal count
                for _ in range(10):
                    count += 1
                    ann.client.send({"type": "message", "to": name, "data": count})
                    ben.client.send({"type": "message", "to": ann.name, "data": count})
                    await asyncio.sleep(0.001)

            for number in range(CUTS):
                await talk()
                await asyncio.to_thread(proxy.cut)
                await talk()
                proxy.mend()
                await ben.until("joined", number + 2)
            for who in (ann, ben):
                got = [each["data"] for each in await who.until("message", count)]
                context.ok(f"{count} messages arrive in order, each once",
                           got == list(range(1, count + 1)), got)
            again = ben.all("joined")[1:]
            context.ok("every time the session went on without a gap",
                       all(each["resumed"] and "gap" not in each and each["peer"] == name
                           for each in again), again)
            context.same("Ann sees Ben connected", ann.client.peers[name]["state"], "connected")
            context.ok("Ann saw it go and come", {"suspended", "resumed"} <= {
                change["state"] for each in ann.all("presence") for change in each["changes"]})


async def goodbye(context, server):
    """Who leaves is gone at once, and its client ends."""
    async with enter(server.http_port, "goodbye", "Ann") as ann, \
            enter(server.http_port, "goodbye", "Ben") as ben:
        name = ben.name
        ben.client.send({"type": "leave"})
        context.same("the client ends with 4100",
                     [each["code"] for each in await ben.until("closed")], [4100])
        context.same("the other sees it leave", (await ann.until("presence", 2))[-1]["changes"],
                     [{"peer": name, "state": "left", "reason": "left"}])
