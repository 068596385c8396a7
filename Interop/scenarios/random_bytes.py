"""Random and broken bytes by the hundred thousand at the ports: only the drop counters change."""

import os
import random
import socket
import struct
import time

from harness import calls, daemons, noise, stun
from harness.process import socket_drops, wait_until
from harness.signaling import Session

# It keeps one core busy, and what the kernel would drop because of that would blur the sums.
ALONE = True

STRANGERS = 300_000
BEHIND_ALLOCATION = 60_000
AT_RELAYED_ADDRESS = 20_000
STREAMS = 5_000
RESUME_SECONDS_MAX = 40
WARM_UP = 20_000

# After each batch the sender waits for the answer to a Binding request, so that the server's
# socket buffer never overflows and every datagram is really looked at.
BATCH = 64
SOURCES = 16

# What the process may have grown by after a warm-up of the same kind. Memory per datagram or per
# connection, even one of 64 bytes, would show as more than this.
GROWTH_KIB_MAX = 16 * 1024


def run(context):
    """Each kind of noise with its own accounts; then the server has to be as before."""
    seed = int(os.environ.get("INTEROP_SEED") or random.randrange(1 << 32))
    context.note(f"seed {seed}; to run it again: INTEROP_SEED={seed} Interop/run random_bytes")
    chance = random.Random(seed)
    server = context.daemon(
        daemons.Parleyd(context.port(), context.port(), context.port()))
    call(context, server, "before")
    strangers(chance, server, WARM_UP)
    streams(chance, server, STREAMS // 10)
    settle(server)
    memory, files = server.process.resident_kib(), server.process.open_files()

    with Account(context, server, "from strangers") as account:
        account.sent, account.unanswered = strangers(chance, server, STRANGERS)
    behind_allocation(context, chance, server)
    start = time.monotonic()
    streams(chance, server, STREAMS)
    context.note(f"{STREAMS} TCP connections in {time.monotonic() - start:.1f} s")
    settle(server)

    context.ok("the process is the same and alive", server.process.is_alive(), server.process.pid)
    call(context, server, "after")
    grown = server.process.resident_kib() - memory
    context.ok(f"memory grew by no more than {GROWTH_KIB_MAX} KiB", grown <= GROWTH_KIB_MAX,
               f"{grown} KiB, now {server.process.resident_kib()} KiB")
    context.ok("no connection is left", wait_until(
        lambda: server.process.open_files() <= files, 15),
        f"{server.process.open_files()} descriptors, {files} before")
    context.same("no allocation is left", server.admin.allocations(), [])
    context.ok("no room is left", wait_until(lambda: server.admin.signaling()["rooms"] == 0))


def settle(server):
    """Lets the server notice the ends of connections, and sessions that noise began run out of the
    time in which they could be resumed, before it is measured."""
    wait_until(lambda: server.admin.signaling()["rooms"] == 0, RESUME_SECONDS_MAX)
    time.sleep(0.3)


def call(context, server, when):
    """Two people meet, exchange an offer, and talk through the relay."""
    with Session(server.url) as ann, Session(server.url) as ben:
        ann.join("call")
        ben.join("call")
        ann.expect("presence")
        ann.send("offer", to=ben.name, sdp="v=0\r\n")
        offered = ben.expect("offer")["from"] == ann.name
        host, port, username, password = ben.relay()
        relayed = calls.relayed_messages((host, port), username, password)
    context.ok(f"a call works {when}", offered and relayed == 20, f"{relayed} messages relayed")


class Account:
    """Every datagram has become one thing: an answer, a relayed payload, or one that could not be
    sent on, or a drop with a reason; or it never reached the server, whose socket was full."""

    def __init__(self, context, server, label):
        self.context, self.server, self.label = context, server, label
        self.sent = self.unanswered = 0

    def __enter__(self):
        self.before = self.now()
        self.received = self.server.admin.relay()["receivedFromClients"]
        self.start = time.monotonic()
        return self

    def now(self):
        """The sums so far."""
        return {**self.server.admin.outcomes(),
                "lost in a full socket": socket_drops(self.server.port)}

    def __exit__(self, kind, *_):
        if kind is not None:
            return
        wait_until(lambda: self.missing() == 0, 3)
        changed = self.changed()
        seconds = time.monotonic() - self.start
        figures = ", ".join(f"{value} {name}" for name, value in changed.items())
        self.context.same(
            f"UDP {self.label}: what reached the server was counted",
            self.server.admin.relay()["receivedFromClients"] - self.received,
            self.sent - changed["lost in a full socket"])
        self.context.ok(
            f"UDP {self.label}: each datagram is accounted for", self.missing() == 0,
            f"{self.sent} sent in {seconds:.1f} s; {figures}; missing {self.missing()}")
        self.context.ok(
            f"UDP {self.label}: a good request amid them is answered",
            self.unanswered <= changed["lost in a full socket"], f"{self.unanswered} not")

    def changed(self):
        """What came to the sums since the start."""
        now = self.now()
        return {key: now[key] - self.before[key] for key in now}

    def missing(self):
        """How many datagrams are not accounted for; negative when some count twice."""
        return self.sent - sum(self.changed().values())


def flood(talk, datagrams):
    """Sends a batch and waits for the answer to a good request behind it; returns how many were
    sent, and whether the answer stayed away. The answers to the noise are read and forgotten."""
    count = 0
    for data in datagrams:
        try:
            talk.send(data)
            count += 1
        except ConnectionRefusedError:
            pass  # an ICMP error of an earlier datagram, which only a dead server causes
    return count + 1, stun.ask(talk, stun.message(stun.BINDING)) is None


def strangers(chance, server, total):
    """Noise from clients without an allocation, half random and half broken messages."""
    templates = noise.strangers(chance)
    talks = [stun.connected("127.0.0.1", server.port, 1) for _ in range(SOURCES)]
    sent = unanswered = 0
    while sent < total:
        batch = [noise.random_bytes(chance) if chance.random() < 0.5
                 else noise.mutated(chance, chance.choice(templates)) for _ in range(BATCH)]
        count, silent = flood(talks[chance.randrange(SOURCES)], batch)
        sent += count
        unanswered += silent
    for talk in talks:
        talk.close()
    return sent, unanswered


def behind_allocation(context, chance, server):
    """Broken messages from a client that is let in, and noise at its relayed address."""
    with Session(server.url) as session, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        session.join("noise")
        sink.bind(("127.0.0.1", 0))
        host, port, username, password = session.relay()
        with calls.allocation((host, port), username, password) as held:
            peer = stun.attribute(
                stun.XOR_PEER, stun.xor_address("127.0.0.1", sink.getsockname()[1]))
            bind = stun.attribute(stun.CHANNEL_NUMBER, b"\x40\x01\0\0") + peer
            context.same("a channel can be bound", held.request(stun.CHANNEL_BIND, bind),
                         stun.CHANNEL_BIND | stun.SUCCESS)
            templates = [
                held.signed(stun.CREATE_PERMISSION, peer), held.signed(stun.CHANNEL_BIND, bind),
                held.signed(stun.REFRESH, stun.attribute(stun.LIFETIME, struct.pack(">I", 600))),
                held.signed(stun.ALLOCATE, stun.attribute(stun.TRANSPORT, stun.UDP)),
                stun.message(stun.SEND | stun.INDICATION,
                             peer + stun.attribute(stun.DATA, b"indication")),
                struct.pack(">HH", 0x4001, 7) + b"channel\0"]
            with Account(context, server, "from a client") as account:
                while account.sent < BEHIND_ALLOCATION:
                    count, silent = flood(held.talk, [
                        noise.mutated(chance, chance.choice(templates)) for _ in range(BATCH)])
                    account.sent += count
                    account.unanswered += silent
            at_relayed_address(context, chance, server, held)


def at_relayed_address(context, chance, server, held):
    """Noise from an address without a permission; it has to end there, counted."""
    def state():
        mine = server.admin.allocations()[0]
        return mine["toClient"]["packets"], mine["drops"] + socket_drops(held.port)

    before = state()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.2", 0))
        for number in range(AT_RELAYED_ADDRESS):
            stranger.sendto(noise.random_bytes(chance), (held.host, held.port))
            if number % BATCH == 0:
                time.sleep(0.001)
    wanted = (before[0], before[1] + AT_RELAYED_ADDRESS)
    wait_until(lambda: state() == wanted, 3)
    after = state()
    context.ok("UDP at a relayed address: nothing reaches the client, all is counted",
               after == wanted, f"{AT_RELAYED_ADDRESS} sent, {after[1] - before[1]} dropped, "
               f"{after[0] - before[0]} passed on")


def streams(chance, server, total):
    """TCP connections that say anything, and end in one of the ways in which connections end."""
    for _ in range(total):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as talk:
            talk.settimeout(0.02)
            talk.connect(("127.0.0.1", server.http_port))
            ending = chance.randrange(3)
            try:
                talk.sendall(noise.stream(chance))
                if ending == 0:
                    talk.shutdown(socket.SHUT_WR)
                if ending != 2:
                    talk.recv(4096)
            except OSError:
                pass  # closed or reset by the server, which is its good right
            if ending == 2:
                talk.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
