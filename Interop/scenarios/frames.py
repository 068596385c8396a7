"""Every frame, of every type and with every error, fits its schema; no schema is for nothing."""

import json

from harness import daemons, protocolpage, schemas, tokens
from harness.wire import Recording

SDP = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
CANDIDATE = {"candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host", "sdpMid": "0",
             "sdpMLineIndex": 0, "usernameFragment": "abcd"}
PAIR = {"local": "host", "remote": "relay", "protocol": "udp"}
# Nobody has this name.
NOBODY = "p000000000"
# What no client brings about here; unit tests have it.
NOT_HERE = {"server_full"}
SECRET = "a secret of these tests, more than 32 bytes of it"
TENANTS = """{tenants: {
  acme: {keys: [{kid: "acme", secret: "%(secret)s"}], relay: "on-demand"},
  small: {keys: [{kid: "small", secret: "%(secret)s"}], limits: {peers: 1}},
}}"""
ATTEMPTS_MAX = 30


def run(context):
    """Each part has a room of its own."""
    recording = Recording()
    server = context.daemon(daemons.Parleyd(context.port(), context.port(), context.port()))
    for part in (talking, operating, mistakes, refusals, limits, coming_back, overflowing):
        attempt(context, part, recording, server)
    # One that ends before the scenario does.
    attempt(context, restarting, recording, context.launch(daemons.Parleyd(
        context.port(), context.port(), context.port(), "--secret", "of-this-test")))
    tenants = context.logs / "tenants.json5"
    tenants.write_text(TENANTS % {"secret": SECRET})
    guarded = context.daemon(daemons.Parleyd(
        context.port(), context.port(), context.port(), "--tenants", str(tenants)))
    for part in (admitting, moderating, turning_away):
        attempt(context, part, recording, guarded)
    judge(context, recording)


def attempt(context, part, recording, server):
    """One part; one that breaks off is a failure and keeps none of the others from running."""
    try:
        part(context, recording, server)
    except (ValueError, KeyError, TimeoutError, OSError, EOFError) as error:
        context.ok(part.__name__, False, repr(error))


def pair(recording, server, room, **members):
    """Two connections in one room, the first having heard of the second."""
    left, right = recording.connect(server.url), recording.connect(server.url)
    left.join(room, **members)
    right.join(room, **members)
    left.await_("presence")
    return left, right


def talking(context, recording, server):
    """All that peers say to each other, and all they ask the server for."""
    left, right = pair(recording, server, "talking", name="Ann")
    with left, right:
        for kind, members in (
                ("offer", {"sdp": SDP}), ("answer", {"sdp": SDP}),
                ("candidate", {"candidate": CANDIDATE}),
                ("candidate", {"candidate": {"candidate": "", "of-tomorrow": [1, None]}}),
                ("end-of-candidates", {}), ("end-of-candidates", {"usernameFragment": None}),
                ("end-of-candidates", {"usernameFragment": "abcd"}),
                ("message", {"data": None}), ("message", {"data": {"type": ["\u0000", 1e300]}})):
            left.send(kind, to=right.joined["peer"], **members)
            right.await_(kind, **members)
        left.send("message", data="for all")
        right.await_("message", data="for all")
        left.send("ice")
        left.await_("ice")
        left.send("ice", relay=True)
        left.await_("ice")
        left.send("report", peer=right.joined["peer"], pair=PAIR)
        left.send("ping", ack=1, rtt=12)
        left.send("ping", ack=2)
        context.same("a report is taken", left.await_("pong")["ack"], left.sent)
        right.send("leave")
        left.await_("presence")
        context.same("leave: close 4100", right.end(), 4100)


def operating(context, recording, server):
    """What the operator does to a room, and what nobody without the right to it can do."""
    left, right = pair(recording, server, "operating")
    with left, right:
        left.send("kick", peer=right.joined["peer"], reason="because")
        left.await_("error", code="not_permitted")
        left.send("close-room", reason="because")
        left.await_("error", code="not_permitted")
        server.admin.post("/rooms/operating/say?text=hello")
        context.same("a notice", left.await_("notice")["text"], "hello")
        server.admin.post(f"/rooms/operating/kick?peer={right.joined['peer']}&reason=enough")
        right.await_("error", code="kicked", message="enough")
        context.same("kicked: close 4104", right.end(), 4104)
        server.admin.post("/rooms/operating/close")
        left.await_("error", code="room_closed")
        context.same("room_closed: close 4105", left.end(), 4105)


# One message that breaks the protocol, or does not, and what it is answered with.
BROKEN = [
    ("offer without to", {"type": "offer", "sdp": SDP}, "bad_message"),
    ("offer without sdp", {"type": "offer", "to": NOBODY}, "bad_message"),
    ("offer whose sdp is a number", {"type": "offer", "to": NOBODY, "sdp": 1}, "bad_message"),
    ("offer whose to is null", {"type": "offer", "to": None, "sdp": SDP}, "bad_message"),
    ("offer whose sdp is too long", {"type": "offer", "to": NOBODY, "sdp": "v" * 49_153},
     "bad_message"),
    ("offer whose sdp is as long as may be", {"type": "offer", "to": NOBODY, "sdp": "v" * 49_152},
     "no_such_peer"),
    ("offer to nobody", {"type": "offer", "to": NOBODY, "sdp": SDP}, "no_such_peer"),
    ("answer without sdp", {"type": "answer", "to": NOBODY}, "bad_message"),
    ("answer to nobody", {"type": "answer", "to": NOBODY, "sdp": SDP}, "no_such_peer"),
    ("candidate that is a text", {"type": "candidate", "to": NOBODY, "candidate": "text"},
     "bad_message"),
    ("candidate without its line", {"type": "candidate", "to": NOBODY, "candidate": {}},
     "bad_message"),
    ("candidate whose line is null",
     {"type": "candidate", "to": NOBODY, "candidate": {"candidate": None}}, "bad_message"),
    ("candidate whose line is too long",
     {"type": "candidate", "to": NOBODY, "candidate": {"candidate": "c" * 2_049}}, "bad_message"),
    ("candidate whose line is as long as may be",
     {"type": "candidate", "to": NOBODY, "candidate": {"candidate": "c" * 2_048}}, "no_such_peer"),
    ("candidate with members of any kind", {"type": "candidate", "to": NOBODY, "candidate": {
        "candidate": "", "sdpMid": 5, "sdpMLineIndex": "x"}}, "no_such_peer"),
    ("candidate to nobody in particular", {"type": "candidate", "candidate": CANDIDATE},
     "bad_message"),
    ("end-of-candidates without to", {"type": "end-of-candidates"}, "bad_message"),
    ("end-of-candidates of a number",
     {"type": "end-of-candidates", "to": NOBODY, "usernameFragment": 1}, "bad_message"),
    ("end-of-candidates of null",
     {"type": "end-of-candidates", "to": NOBODY, "usernameFragment": None}, "no_such_peer"),
    ("message without data", {"type": "message"}, "bad_message"),
    ("message of null", {"type": "message", "data": None}, None),
    ("message to null", {"type": "message", "data": 1, "to": None}, "bad_message"),
    ("message to nobody", {"type": "message", "data": 1, "to": NOBODY}, "no_such_peer"),
    ("ice", {"type": "ice"}, None),
    ("ice without relay", {"type": "ice", "relay": False}, None),
    ("ice with a relay that is a text", {"type": "ice", "relay": "yes"}, "bad_message"),
    ("report without pair", {"type": "report", "peer": NOBODY}, "bad_message"),
    ("report without peer", {"type": "report", "pair": PAIR}, "bad_message"),
    ("report of half a pair",
     {"type": "report", "peer": NOBODY, "pair": {"local": "host"}}, "bad_message"),
    ("report of an unknown type of candidate",
     {"type": "report", "peer": NOBODY, "pair": {**PAIR, "local": "tunnel"}}, "bad_message"),
    ("report of an unknown protocol",
     {"type": "report", "peer": NOBODY, "pair": {**PAIR, "protocol": "sctp"}}, "bad_message"),
    ("kick without peer", {"type": "kick"}, "bad_message"),
    ("kick with a reason that is a number", {"type": "kick", "peer": NOBODY, "reason": 1},
     "bad_message"),
    ("kick with a reason too long", {"type": "kick", "peer": NOBODY, "reason": "r" * 129},
     "bad_message"),
    ("kick with a control character", {"type": "kick", "peer": NOBODY, "reason": "a\u0007"},
     "bad_message"),
    ("kick by nobody in particular", {"type": "kick", "peer": NOBODY, "reason": "r" * 128},
     "not_permitted"),
    ("close-room with a reason that is a list", {"type": "close-room", "reason": []},
     "bad_message"),
    ("close-room by nobody in particular", {"type": "close-room"}, "not_permitted"),
    ("ping without ack", {"type": "ping"}, "bad_message"),
    ("ping whose ack is a text", {"type": "ping", "ack": "1"}, "bad_message"),
    ("ping whose ack is below 0", {"type": "ping", "ack": -1}, "bad_message"),
    ("ping whose ack is no whole number", {"type": "ping", "ack": 0.5}, "bad_message"),
    ("ping whose rtt is below 0", {"type": "ping", "ack": 1, "rtt": -1}, "bad_message"),
    ("ping whose rtt is a text", {"type": "ping", "ack": 1, "rtt": "1"}, "bad_message"),
    ("an unknown type", {"type": "no-such-type"}, "unknown_type"),
    ("a type of the server", {"type": "joined"}, "unknown_type"),
    ("a type that is a number", {"type": 1}, "bad_message"),
    ("no type", {}, "bad_message"),
    ("a second join", {"type": "join", "room": "tea"}, "already_joined"),
    ("a member of tomorrow", {"type": "message", "data": 1, "of-tomorrow": {}}, None),
]
# The same for what a connection says first.
BROKEN_JOINS = [
    ("a room with a blank", {"room": "a b"}, "bad_room"),
    ("a room that is too long", {"room": "r" * 65}, "bad_room"),
    ("a room without a name", {"room": ""}, "bad_room"),
    ("the room ..", {"room": ".."}, "bad_room"),
    ("a room that is as long as may be", {"room": "r" * 64}, None),
    ("a room that is a number", {"room": 1}, "bad_message"),
    ("no room", {}, "bad_message"),
    ("a name with a control character", {"room": "r", "name": "a\u0007"}, "bad_name"),
    ("a name that is too long", {"room": "r", "name": "n" * 65}, "bad_name"),
    ("a name that is as long as may be", {"room": "r", "name": "n" * 64}, None),
    ("a name that is a number", {"room": "r", "name": 1}, "bad_message"),
    ("a token that is a number", {"room": "r", "token": 1}, "bad_message"),
    ("a token that nobody reads", {"room": "r", "token": "t"}, None),
    ("a resume that is a text", {"room": "r", "resume": "s"}, "bad_message"),
    ("a resume without ack", {"room": "r", "resume": {"session": "s"}}, "bad_message"),
    ("a resume without session", {"room": "r", "resume": {"ack": 1}}, "bad_message"),
    ("a resume of no session", {"room": "r", "resume": {"session": "s", "ack": 1}}, None),
]
# A schema refuses what is answered with one of these; all else it takes.
OF_THE_SCHEMA = {"bad_message", "unknown_type", "bad_room", "bad_name"}


def mistakes(context, recording, server):
    """What is answered with an error and leaves the connection open; and the schemas' opinion."""
    published, strict = schemas.Schemas(refuse_unknown=False), schemas.Schemas()
    for number, (label, message, code) in enumerate(BROKEN):
        with recording.connect(server.url) as wire:
            # Whoever is cut off stays for a while, so one room would be full at last.
            wire.join(f"mistakes-{number}")
            wire.sent += 1
            numbered = {"seq": wire.sent, **message}
            fits = not published.faults("client", numbered)
            wire.say(numbered, keep=not strict.faults("client", numbered))
            got = answer(wire)
            context.same(f"{label}: the server's answer", got, code)
            context.same(f"{label}: fits a schema", fits, code not in OF_THE_SCHEMA)


def answer(wire):
    """The code of the error that comes before the pong, if one does."""
    wire.send("ping", ack=1)
    code = None
    while (message := wire.hear())["type"] != "pong":
        if message["type"] == "error":
            code = message["code"]
    return code


def refusals(context, recording, server):
    """What is answered with an error and a close; and the schemas' opinion."""
    published = schemas.Schemas(refuse_unknown=False)
    for label, members, code in BROKEN_JOINS:
        join = {"type": "join", "seq": 1, **members}
        with recording.connect(server.url) as wire:
            fits = not published.faults("client", join)
            wire.say(join, keep=fits)
            first = wire.hear()
            context.same(f"{label}: the server's answer",
                         first["code"] if first["type"] == "error" else None, code)
            context.same(f"{label}: fits a schema", fits, code not in OF_THE_SCHEMA)
    for label, code, close, first in (
            ("no join first", "not_joined", 4102, {"type": "message", "seq": 1, "data": 1}),
            ("an unknown type first", "not_joined", 4102, {"type": "no-such-type", "seq": 1}),
            ("no object first", "bad_message", 4102, [1]),
            ("a first number of 2", "out_of_order", 4102, {"type": "join", "seq": 2, "room": "r"})):
        with recording.connect(server.url) as wire:
            wire.say(first, keep=False)
            context.same(f"{label}: error and close", (wire.hear()["code"], wire.end()),
                         (code, close))
    with recording.connect(server.url) as wire:
        wire.join("refusals")
        wire.sent += 1
        wire.send("message", data="after a gap")
        wire.await_("error", code="out_of_order")
        context.same("a gap in the numbers: close 4102", wire.end(), 4102)


def limits(context, recording, server):
    """A room that is full, and messages that come too fast."""
    wires = []
    try:
        for _ in range(32):
            wires.append(recording.connect(server.url))
            wires[-1].join("limits")
        with recording.connect(server.url) as wire:
            wire.send("join", room="limits")
            context.same("room_full: error and close", (wire.hear()["code"], wire.end()),
                         ("room_full", 4004))
        for number in range(80):
            wires[0].send("ice")
        context.ok("rate_limited says when to try again",
                   wires[0].await_("error", code="rate_limited")["retryAfter"] > 0)
    finally:
        for wire in wires:
            wire.cut()


def coming_back(context, recording, server):
    """A cut, a resume that brings what was missed, and a replaced connection."""
    left, right = pair(recording, server, "coming-back")
    with left, right:
        right.cut()
        left.await_("presence")
        left.send("message", to=right.joined["peer"], data="meanwhile")
        # From another address, as after a change of networks.
        with recording.connect(server.url, source_address=("127.0.0.2", 0)) as again:
            back = again.resume(right, ack=1)
            context.same("resume: the same peer, without a snapshot, and the advice to restart ICE",
                         (back["resumed"], back["peer"], "peers" in back, back.get("restartIce")),
                         (True, right.joined["peer"], False, True))
            again.await_("message", data="meanwhile")
            left.await_("presence")
            with recording.connect(server.url) as newer:
                newer.resume(again, ack=again.joined["seq"])
                context.same("the older connection: close 4101", again.end(), 4101)


def overflowing(context, recording, server):
    """More was missed than is kept."""
    left, right = pair(recording, server, "overflowing")
    with left, right:
        right.cut()
        left.await_("presence")
        for _ in range(6):
            left.send("message", data="d" * 49_152)
        left.send("ping", ack=1)
        left.await_("pong")
        with recording.connect(server.url) as again:
            back = again.resume(right, ack=1)
            context.same("a gap: overflow, with a snapshot",
                         (back["resumed"], back.get("gap"), len(back["peers"])),
                         (True, "overflow", 1))


def restarting(context, recording, server):
    """The server stops, says so, and its next run knows the session by its secret."""
    with recording.connect(server.url) as wire:
        wire.join("restarting")
        server.process.send(15)
        context.ok("going_away says when to come back",
                   wire.await_("error", code="going_away")["retryAfter"] >= 0)
        context.same("going_away: close 1001", wire.end(), 1001)
        context.ok("the first run ends", server.process.ends(10) and not server.process.exit_code())
        context.daemon(server)
        with recording.connect(server.url) as again:
            back = again.resume(wire, ack=2)
            context.same("a gap: restart, with a snapshot and the time to settle",
                         (back["resumed"], back.get("gap"), back["peers"], back["settling"] > 0),
                         (True, "restart", [], True))


def token(kid="acme", room="*", **claims):
    """A join token of a tenant."""
    return tokens.signed(SECRET, kid, room=room, **claims)


def admitting(context, recording, server):
    """What a token makes of its bearer, and TURN servers that come when they are asked for."""
    with recording.connect(server.url) as left, recording.connect(server.url) as right, \
            recording.connect(server.url) as newer:
        left.join("guarded", token=token())
        mine = right.join("guarded", token=token(peer="ben", name="Ben", role="host"))
        context.same("a token gives peer and role", (mine["peer"], mine["role"]), ("ben", "host"))
        context.same("the others see name and role", [
            (each["name"], each["role"]) for each in left.await_("presence")["changes"]],
            [("Ben", "host")])
        context.same("on-demand: no TURN at first", (mine["relay"], with_turn(mine)),
                     ("on-demand", False))
        right.send("ice", relay=True)
        context.same("on-demand: TURN when asked for", with_turn(right.await_("ice")), True)
        newer.join("guarded", token=token(peer="ben"))
        context.same("the same peer again: close 4101", right.end(), 4101)


def with_turn(message):
    """Whether there are TURN servers in a message."""
    return any("credential" in each for each in message["iceServers"])


def moderating(context, recording, server):
    """What a moderator does by messages."""
    with recording.connect(server.url) as host, recording.connect(server.url) as guest, \
            recording.connect(server.url) as other:
        host.join("moderated", token=token(can=["signal", "message", "moderate"]))
        guest.join("moderated", token=token(can=[]))
        other.join("moderated", token=token())
        guest.send("message", data=1)
        guest.await_("error", code="not_permitted")
        host.send("kick", peer=guest.joined["peer"], reason="be kind")
        guest.await_("error", code="kicked", message="be kind")
        context.same("kicked by a moderator: close 4104", guest.end(), 4104)
        host.send("close-room", reason="good night")
        other.await_("error", code="room_closed", message="good night")
        context.same("closed by a moderator: close 4105", (other.end(), host.end()), (4105, 4105))


def turning_away(context, recording, server):
    """Who is not let in; the last of them because there were too many."""
    with recording.connect(server.url) as first:
        first.join("guarded", token=token("small"))
        for label, code, close, members in (
                ("a tenant with too many peers", "tenant_full", 4004, {"token": token("small")}),
                ("no token", "bad_token", 4103, {}),
                ("a token of nobody's", "bad_token", 4103, {"token": token("nobody")}),
                ("an old token", "token_expired", 4103, {"token": token(seconds=-3600)}),
                ("a token for elsewhere", "forbidden", 4103, {"token": token(room="elsewhere")})):
            with recording.connect(server.url) as wire:
                wire.send("join", room="guarded", **members)
                context.same(f"{label}: error and close", (wire.hear()["code"], wire.end()),
                             (code, close))
        for _ in range(ATTEMPTS_MAX):
            with recording.connect(server.url) as wire:
                wire.send("join", room="guarded")
                error = wire.hear()
                if error["code"] == "too_many_attempts":
                    break
        context.ok("too_many_attempts says when to try again", error.get("retryAfter", 0) > 0,
                   error)
        context.same("too many attempts: close 4006", wire.end(), 4006)


def judge(context, recording):
    """Holds all frames to the schemas, and the schemas to the frames."""
    strict = schemas.Schemas()
    faults: dict[str, None] = {}
    for side, _, text in recording.frames:
        faults.update(dict.fromkeys(strict.faults(side, json.loads(text))))
    context.same(f"all {len(recording.frames)} frames fit their schemas", list(faults), [])
    for side in schemas.SIDES:
        seen = {message["type"] for message in recording.said(side)}
        context.same(f"{side}: every type that has a schema was seen",
                     sorted(schemas.types(side) - seen), [])
        members = {(message["type"], member) for message in recording.said(side)
                   for member in message}
        context.same(f"{side}: every member that a schema has was seen",
                     sorted(schemas.members(side) - members), [])
    codes = {each["code"] for each in recording.said("server") if each["type"] == "error"}
    context.same("every error of the page was seen",
                 sorted(protocolpage.error_codes() - codes - NOT_HERE), [])
    changes = {change["state"] for each in recording.said("server") if each["type"] == "presence"
               for change in each["changes"]}
    context.same("every change of presence was seen", sorted(changes),
                 ["joined", "left", "resumed", "suspended"])
