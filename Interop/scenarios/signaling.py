"""The signaling protocol as Docs/protocol.md tells it, by a client written from that page."""

import json
import re

from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from harness import calls, daemons
from harness.process import wait_until
from harness.signaling import SUBPROTOCOL, Session

SDP = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"


def run(context):
    """Each part has a room of its own."""
    server = context.daemon(
        daemons.Parleyd(context.port(), context.port(), context.port()))
    for part in (connecting, joining, signals, messages, compressed, heartbeat, credentials,
                 mistakes, refusals, breaches, leaving, replacing):
        try:
            part(context, server)
        except (ValueError, KeyError, TimeoutError, OSError, EOFError) as error:
            context.ok(part.__name__, False, repr(error))
    context.ok("no room is left", wait_until(
        lambda: server.admin.signaling()["rooms"] == 0, 40))


def status_of(url, **options):
    """The HTTP status that a WebSocket request is refused with; 101 when it is not."""
    try:
        with connect(url, proxy=None, open_timeout=5, **options):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


def connecting(context, server):
    """The subprotocol is asked for; other origins stay outside."""
    url = server.url.replace("http", "ws", 1) + "/signal"
    context.same("without a subprotocol: 400", status_of(url), 400)
    context.same("another subprotocol: 400", status_of(url, subprotocols=["chat"]), 400)
    context.same("another origin: 403", status_of(
        url, subprotocols=[SUBPROTOCOL], origin="https://elsewhere.example"), 403)
    context.same("the same origin: welcome", status_of(
        url, subprotocols=[SUBPROTOCOL], origin=server.url), 101)


def joining(context, server):
    """`joined` has what it should, and those who were there hear of it."""
    with Session(server.url) as ann, Session(server.url) as ben:
        first = ann.join("tea", name="Ann")
        context.same("joined: all members are there", sorted(first), sorted([
            "type", "seq", "ack", "room", "peer", "session", "resumed", "peers", "iceServers",
            "iceTtl", "relay", "heartbeat", "limits", "order", "can", "resumeWindow"]))
        context.same("joined: nobody else, not resumed, first numbers",
                     (first["peers"], first["resumed"], first["seq"], first["ack"]),
                     ([], False, 1, 1))
        second = ben.join("tea", name="Ben")
        context.same("joined: whoever was there", second["peers"],
                     [{"peer": ann.name, "name": "Ann", "order": first["order"],
                       "state": "connected"}])
        context.ok("joined: we are polite to them", second["order"] > first["order"])
        news = ann.expect("presence")
        context.same("presence: who, and their place", news["changes"],
                     [{"peer": ben.name, "state": "joined", "name": "Ben",
                       "order": second["order"]}])


def pair(server, room):
    """Two sessions in one room, the first one's `presence` read."""
    left, right = Session(server.url), Session(server.url)
    left.join(room)
    right.join(room)
    left.expect("presence")
    return left, right


def signals(context, server):
    """Offer, answer, candidates: as sent, with `from` in the place of `to`, in order."""
    left, right = pair(server, "signals")
    candidate = {"candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host", "sdpMid": "0",
                 "sdpMLineIndex": 0, "usernameFragment": "abcd", "unheard-of": [1, None]}
    with left, right:
        for kind, members in (("offer", {"sdp": SDP}), ("answer", {"sdp": SDP}),
                              ("candidate", {"candidate": candidate}),
                              ("end-of-candidates", {"usernameFragment": "abcd"})):
            left.send(kind, to=right.name, **members)
            got = right.expect(kind)
            context.same(f"{kind} arrives as it was", {
                key: value for key, value in got.items() if key not in ("type", "seq")
            } == {"from": left.name, **members}, True)
        count = 100
        for number in range(count):
            left.send("candidate", to=right.name, candidate={"candidate": f"c{number}"})
        order = [right.expect("candidate")["candidate"]["candidate"] for _ in range(count)]
        context.same(f"{count} candidates arrive in order, each once",
                     order == [f"c{number}" for number in range(count)], True)


def messages(context, server):
    """Any JSON value, to one or to everybody else."""
    left, right = pair(server, "messages")
    with left, right, Session(server.url) as third:
        third.join("messages")
        left.expect("presence"), right.expect("presence")
        for value in (None, True, -1.5, "ü \u0000 \U0001F375", [], {"a": {"b": [1]}}):
            left.send("message", data=value)
            got = [each.expect("message") for each in (right, third)]
            context.same(f"to everybody: {json.dumps(value)}",
                         [(each["from"], each["data"]) for each in got],
                         [(left.name, value)] * 2)
        left.send("message", data="for one", to=third.name)
        context.same("to one", third.expect("message")["data"], "for one")
        left.send("message", data="after", to=right.name)
        context.same("the others do not get it", right.expect("message")["data"], "after")


def compressed(context, server):
    """permessage-deflate by those who offer it, and a bomb."""
    long = "a=candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host " * 200
    with Session(server.url, compression="deflate") as left, Session(server.url) as right:
        answer = left.socket.response.headers["Sec-WebSocket-Extensions"]
        context.ok("deflate is agreed on", answer.startswith("permessage-deflate;"), answer)
        left.join("compressed"), right.join("compressed")
        left.expect("presence")
        for sender, receiver in ((left, right), (right, left)):
            for data in (long, "short", long):
                sender.send("message", data=data)
                context.ok("a message arrives, compressed on one side",
                           receiver.expect("message")["data"] == data)
    with Session(server.url, compression="deflate") as bomber:
        bomber.socket.send(" " * 10_000_000)
        context.same("a bomb: 1009", bomber.closed(), 1009)


def heartbeat(context, server):
    """ping and pong take no number and acknowledge."""
    with Session(server.url) as session:
        session.join("heartbeat")
        session.send("ping", ack=session.received)
        pong = session.expect("pong")
        context.same("pong: the last numbers again", (pong["seq"], pong["ack"]), (1, 1))
        session.send("message", data=1)
        session.send("ping", ack=session.received)
        context.same("pong: acknowledges what came since", session.expect("pong")["ack"], 2)


def credentials(context, server):
    """What `joined` and `ice` hand out opens the relay."""
    with Session(server.url) as session:
        session.join("credentials")
        host, port, username, password = session.relay()
        context.same("the credentials of joined relay", calls.relayed_messages(
            (host, port), username, password), 20)
        session.send("ice")
        fresh = session.expect("ice")
        session.joined["iceServers"] = fresh["iceServers"]
        host, port, username, password = session.relay()
        context.same("the credentials of ice relay", calls.relayed_messages(
            (host, port), username, password), 20)


def mistakes(context, server):
    """What is answered with an error and leaves the connection open."""
    with Session(server.url) as session:
        session.join("mistakes")
        for code, kind, members in (
                ("unknown_type", "no-such-type", {}), ("already_joined", "join", {"room": "x"}),
                ("no_such_peer", "offer", {"to": "p000000000", "sdp": SDP}),
                ("no_such_peer", "message", {"to": "p000000000", "data": 1}),
                ("bad_message", "offer", {"sdp": SDP}),
                ("bad_message", "offer", {"to": session.name, "sdp": 1}),
                ("bad_message", "offer", {"to": session.name, "sdp": "v" * 49_153}),
                ("bad_message", "candidate", {"to": session.name, "candidate": "text"}),
                ("bad_message", "message", {})):
            number = session.send(kind, **members)
            error = session.expect("error")
            context.same(f"{code} for {kind}", (error["code"], error["temporary"], error.get("re")),
                         (code, False, number))
        session.send("ping", ack=session.received)
        context.same("and the connection lives", session.expect("pong")["ack"], session.sent)


def refusals(context, server):
    """What is answered with an error and a close."""
    for label, code, close, first in (
            ("a bad room", "bad_room", 4103, {"type": "join", "seq": 1, "room": "a b"}),
            ("a long room", "bad_room", 4103, {"type": "join", "seq": 1, "room": "r" * 65}),
            ("a bad name", "bad_name", 4103,
             {"type": "join", "seq": 1, "room": "r", "name": "a\u0007"}),
            ("no join first", "not_joined", 4102, {"type": "message", "seq": 1, "data": 1}),
            ("no object first", "bad_message", 4102, [1]),
            ("a first number of 2", "out_of_order", 4102, {"type": "join", "seq": 2, "room": "r"})):
        with Session(server.url) as session:
            session.socket.send(json.dumps(first))
            error = session.expect("error")
            context.same(f"{label}: error and close", (error["code"], session.closed()),
                         (code, close))
    with Session(server.url) as session:
        session.join("refusals")
        session.sent += 1
        session.send("message", data="after a gap")
        context.same("a gap: error and close",
                     (session.expect("error")["code"], session.closed()), ("out_of_order", 4102))


def breaches(context, server):
    """What closes the connection at once, as RFC 6455 has it."""
    for label, code, send in (
            ("a binary frame", 1003, lambda socket: socket.send(b"\0\1")),
            ("a message too large", 1009, lambda socket: socket.send("x" * 65_537)),
            ("text that is not UTF-8", 1007, lambda socket: socket.send(b"\xff\xfe", text=True))):
        with Session(server.url) as session:
            session.join("breaches")
            send(session.socket)
            context.same(f"{label}: close {code}", session.closed(), code)
    with Session(server.url) as session:
        session.socket.send(iter(['{"type":"join",', '"seq":1,', '"room":"breaches"}']))
        context.same("fragments are one message", session.expect("joined")["room"], "breaches")


def leaving(context, server):
    """A leave is told at once, and so is a socket that is cut off."""
    left, right = pair(server, "leaving")
    with left, right:
        right.send("leave")
        context.same("leave: close 4100", right.closed(), 4100)
        news, = left.expect("presence")["changes"]
        context.same("leave: the others know", (news["peer"], news["reason"]),
                     (right.name, "left"))
        with Session(server.url) as third:
            third.join("leaving")
            left.expect("presence")
            third.socket.socket.close()
        news, = left.expect("presence")["changes"]
        context.same("a lost socket: the others know", (news["peer"], news["state"]),
                     (third.name, "suspended"))


def replacing(context, server):
    """The newest socket of a session wins, and what was missed follows on it."""
    left, right = pair(server, "replacing")
    with left, right, Session(server.url) as newer, Session(server.url) as late:
        left.send("message", data="missed")
        secret = right.joined["session"]
        again = newer.join("replacing", resume={"session": secret, "ack": 1})
        context.same("resume: the same session goes on",
                     (again["resumed"], again["seq"], again["ack"], again["peer"]),
                     (True, 1, 1, right.name))
        context.ok("resume: no snapshot, and a new secret",
                   "peers" not in again and again["session"] != secret)
        context.same("resume: what was missed follows", newer.expect("message")["data"], "missed")
        context.same("resume: the older one has it too, and is closed with 4101",
                     (right.expect("message")["data"], right.closed()), ("missed", 4101))
        newer.send("ping", ack=newer.received)
        newer.expect("pong")
        late.socket.send(json.dumps({
            "type": "join", "seq": 1, "room": "replacing",
            "resume": {"session": secret, "ack": 1}}))
        context.same("the old secret: 4101", late.closed(), 4101)
        newer.send("message", data="on")
        context.same("and the session goes on", left.expect("message")["data"], "on")
        context.ok("names are of the alphabet that peers have",
                   re.fullmatch(r"[a-z0-9]+", newer.name), newer.name)
