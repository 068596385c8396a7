"""parleyctl against real servers with real clients: every command, mistakes, and a live screen."""

import json
import shutil
import signal
import subprocess

from harness import daemons, tokens
from harness.terminal import AtTerminal
from harness.wire import Recording

PAIR = {"local": "host", "remote": "relay", "protocol": "udp"}
SECRET = "a secret of these tests, more than 32 bytes of it"
# What a person may have typed, and the words that the completion then has to offer.
COMPLETED = [
    ("parleyctl ", {"rooms", "room", "watch", "kick", "close-room", "say", "completion"}),
    ("parleyctl al", {"allocations"}), ("parleyctl --j", {"--json"}),
    ("parleyctl --admin 127.0.0.1:1 completion ", {"bash", "zsh", "fish"}),
    ("parleyctl completion f", {"fish"}), ("parleyctl --admin ", set()),
    ("parleyctl rooms ", set()),
]


def run(context):
    """First with rooms, then without a server, then with a relay that has none."""
    server = context.daemon(daemons.Parleyd(context.port(), context.port(), context.port()))
    recording = Recording()
    with recording.connect(server.url) as ann, recording.connect(server.url) as ben:
        ann.join("tea", name="Ann")
        ben.join("tea", name="Ben")
        looking(context, server, ann, ben)
        watching(context, server)
        acting(context, server, recording, ann, ben)
    mistakes(context, server)
    completion(context)
    relaying(context, nobody(context))
    tenants(context)


def control(context, server, *words):
    """Runs parleyctl against a server."""
    where = server.admin.url.removeprefix("http://")
    return context.run_program("parleyctl", "--admin", where, *words)


def looking(context, server, ann, ben):
    """`rooms` and `room`, for people and for programs."""
    done = control(context, server, "rooms")
    context.ok("rooms: a line for the room", [line.split()[:3] for line in done.stdout.splitlines()]
               == [["ROOM", "PEERS", "SUSPENDED"], ["tea", "2", "0"]], done.stdout)
    context.same("rooms --json", [
        (each["room"], each["peers"]) for each in json.loads(
            control(context, server, "--json", "rooms").stdout)["rooms"]], [("tea", 2)])
    ann.send("report", peer=ben.joined["peer"], pair=PAIR)
    ann.send("offer", to="p000000000", sdp="v=0")
    ann.await_("error", code="no_such_peer")
    ann.send("ping", ack=1, rtt=17)
    ann.await_("pong")
    ben.cut()
    ann.await_("presence")
    ann.send("message", to=ben.joined["peer"], data="kept for later")
    ann.send("ping", ack=1, rtt=17)
    ann.await_("pong")
    members = json.loads(control(context, server, "room", "tea", "--json").stdout)["members"]
    first, second = members
    context.same("room: state, round trip, last error and selected pair", (
        first["name"], first["state"], first["roundTripMs"], first["lastError"], first["pairs"]),
        ("Ann", "connected", 17, "no_such_peer", [{
            "peer": ben.joined["peer"], "local": "host", "remote": "relay", "transport": "udp"}]))
    context.ok("room: who is suspended, since when, and what waits for it",
               second["state"] == "suspended" and second["suspendedSeconds"] >= 0
               and second["queuedMessages"] > 0 and second["queuedBytes"] > 0, second)
    done = control(context, server, "room", "tea")
    for word in ("Ann", "Ben", "connected", "suspended", "17 ms", "no_such_peer",
                 "host/relay udp", "offer 1"):
        context.ok(f"room: a table with {word!r}", word in done.stdout,
                   "" if word in done.stdout else done.stdout)


def watching(context, server):
    """The live screen: it shows, follows, fits, and gives the terminal back."""
    where = server.admin.url.removeprefix("http://")
    command = [str(context.binary("parleyctl")), "--admin", where, "watch"]
    for label, act, code in (("q", lambda screen: screen.type("q"), 0),
                             ("Ctrl-C", lambda screen: screen.type("\x03"), 0),
                             ("SIGTERM", lambda screen: screen.send(signal.SIGTERM), 0)):
        with AtTerminal(command) as screen:
            shown = screen.until(lambda lines: any(line.startswith("tea ") for line in lines))
            context.ok(f"watch: the room is on the screen ({label})", shown, screen.lines()[:6])
            context.ok("watch: 24 lines of at most 80 columns", len(screen.lines()) == 24
                       and all(len(line) <= 80 for line in screen.lines()))
            act(screen)
            context.same(f"watch: {label} ends it", (screen.ends(), screen.code), (True, code))
            context.ok("watch: the terminal is as before", screen.is_as_before())
    with AtTerminal(command) as screen:
        screen.until(lambda lines: any("/s" in line for line in lines))
        screen.resize(40, 12)
        context.ok("watch: another size is followed", screen.until(
            lambda lines: len(lines) == 12 and all(len(line) <= 40 for line in lines)))
        screen.resize(120, 30)
        context.ok("watch: a larger one too", screen.until(lambda lines: len(lines) == 30))
    done = control(context, server, "watch", "--once")
    context.ok("watch --once: one screen, with rates", done.returncode == 0
               and "tea" in done.stdout and "/s" in done.stdout and "\x1b" not in done.stdout,
               done.stdout)
    line = json.loads(control(context, server, "watch", "--once", "--json").stdout)
    context.ok("watch --once --json: one object, with rates", line["rates"]["rooms"][0]["room"]
               == "tea" and line["stats"]["signaling"]["rooms"] == 1, sorted(line))
    done = control(context, server, "watch")
    context.same("watch: without a terminal it says what to do", (done.returncode, done.stderr), (
        1, "parleyctl: watch draws on a terminal; without one, use --once or --json\n"))
    with subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, text=True) as stream:
        lines = [json.loads(stream.stdout.readline()) for _ in range(3)]
        stream.terminate()
    context.ok("watch --json: an object a line, rates from the second on",
               ["rates" in each for each in lines] == [False, True, True])


def acting(context, server, recording, ann, ben):
    """`say`, `kick` and `close-room`, and that those they are for hear of it."""
    context.same("say: how many were told", control(
        context, server, "say", "tea", "We close at nöon").stdout, "2 peers were told.\n")
    context.same("say: they hear it", ann.await_("notice")["text"], "We close at nöon")
    with recording.connect(server.url) as eve:
        peer = eve.join("tea", name="Eve")["peer"]
        done = control(context, server, "--reason", "be kind", "kick", "tea", peer)
        context.same("kick: it is done", done.stdout, "1 peer was sent away.\n")
        context.same("kick: the peer knows why", eve.await_("error")["message"], "be kind")
        context.same("kick: close 4104", eve.end(), 4104)
    left = ann.await_("presence")
    while left["changes"][-1]["state"] != "left":
        left = ann.await_("presence")
    context.same("kick: the others see it", left["changes"][-1]["reason"], "kicked")
    done = control(context, server, "--json", "close-room", "tea", "--reason", "good night")
    context.same("close-room --json: how many were in it", json.loads(done.stdout), {"peers": 2})
    context.same("close-room: they know why", ann.await_("error")["message"], "good night")
    context.same("close-room: close 4105", ann.end(), 4105)
    context.same("close-room: nobody is left", control(context, server, "rooms").stdout,
                 "Nobody is in a room.\n")


def mistakes(context, server):
    """Wrong words, and what is not there."""
    for words, code, text in (
            (("kick", "nowhere", "p1"), 1, "nobody is in a room called nowhere"),
            (("close-room", "nowhere"), 1, "nobody is in a room called nowhere"),
            (("say", "nowhere", "hello"), 1, "nobody is in a room called nowhere"),
            (("room", "nowhere"), 1, "nobody is in a room called nowhere"),
            (("--tenant", "none", "rooms"), 0, ""),
            (("kick", "tea"), 64, "lacks PEER: kick ROOM PEER"),
            (("say", "tea"), 64, "lacks TEXT: say ROOM TEXT"),
            (("say", "tea", ""), 64, "lacks TEXT: say ROOM TEXT"),
            (("kik", "tea", "p1"), 64, "did you mean kick?"),
            (("completion", "csh"), 64, "give bash, zsh or fish"),
            (("say", "tea", "x" * 3_000), 1, "")):
        done = control(context, server, *words)
        context.ok(f"{' '.join(words)[:40]}: exit {code}",
                   done.returncode == code and text in done.stderr
                   and "Traceback" not in done.stderr, (done.returncode, done.stderr[:200]))


def completion(context):
    """The scripts, and what the shells make of them."""
    for shell, offers in (("bash", bash_offers), ("fish", fish_offers)):
        script = completion_script(context, shell)
        for typed, words in COMPLETED:
            offered = offers(script, typed)
            wrong = words - offered if words else offered
            context.ok(f"{shell} completes {typed!r}", not wrong, sorted(offered)[:12])
    script = completion_script(context, "zsh")
    with AtTerminal([shutil.which("zsh"), "-f", "-i"]) as shell:
        shell.type(f"autoload -Uz compinit; compinit -u -D; source {script}; print rea''dy\n")
        context.ok("zsh reads its script", shell.shows("ready"))
        for typed, word in (("parleyctl alloc", "allocations"), ("parleyctl --js", "--json"),
                            ("parleyctl completion fi", "fish"), ("parleyctl --once wa", "watch")):
            shell.written = ""
            shell.type(f"\x15{typed}\t")
            context.ok(f"zsh completes {typed!r}", shell.shows(word[-2:]), shell.written[-40:])


def completion_script(context, shell):
    """A file with the script for a shell."""
    done = context.run_program("parleyctl", "completion", shell)
    context.ok(f"completion {shell}: a script", done.returncode == 0 and "parleyctl" in done.stdout,
               len(done.stdout))
    script = context.logs / f"completion.{shell}"
    script.write_text(done.stdout)
    return script


def fish_offers(script, typed):
    """The same of fish."""
    done = subprocess.run(["fish", "--no-config", "-c", f"source {script}; complete -C '{typed}'"],
                          capture_output=True, text=True, check=False, timeout=5)
    return {line.split("\t")[0] for line in (done.stdout + done.stderr).splitlines()}


def bash_offers(script, typed):
    """What bash offers when somebody presses Tab behind what was typed."""
    program = (
        'source "$1"; COMP_LINE=$2; read -ra COMP_WORDS <<<"$2"; '
        '[[ $2 == *" " ]] && COMP_WORDS+=(""); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); '
        'COMP_POINT=${#2}; _parleyctl; printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "-uc", program, "bash", str(script), typed],
                          capture_output=True, text=True, check=False, timeout=5)
    return {line for line in done.stdout.splitlines() if line} | (
        {"stderr: " + done.stderr} if done.stderr else set())


def relaying(context, relay):
    """A server without signaling says that it has no rooms, and can be watched."""
    for words in (("rooms",), ("room", "tea"), ("say", "tea", "x")):
        done = control(context, relay, *words)
        context.ok(f"{words[0]} of turnd: it has no rooms", done.returncode == 1
                   and done.stderr.endswith("this server has no rooms\n"), done.stderr)
    done = control(context, relay, "watch", "--once")
    context.ok("watch of turnd: a screen without rooms", done.returncode == 0
               and "this server has no rooms" in done.stdout, done.stdout)


def tenants(context):
    """Two tenants with rooms of one name: the operator has to say which is meant."""
    file = context.logs / "tenants.json5"
    file.write_text("{tenants: {%s}}" % ", ".join(
        f'{name}: {{keys: [{{kid: "{name}", secret: "{SECRET}"}}]}}' for name in ("acme", "zoo")))
    server = context.daemon(daemons.Parleyd(
        context.port(), context.port(), context.port(), "--tenants", str(file)))
    recording = Recording()
    with recording.connect(server.url) as ann, recording.connect(server.url) as zoe:
        ann.join("tea", token=tokens.signed(SECRET, "acme", room="tea", name="Ann"))
        zoe.join("tea", token=tokens.signed(SECRET, "zoo", room="tea", name="Zoe", role="keeper"))
        done = control(context, server, "rooms")
        context.same("rooms: those of both tenants", [
            line.split()[:2] for line in done.stdout.splitlines()],
            [["TENANT", "ROOM"], ["acme", "tea"], ["zoo", "tea"]])
        context.ok("rooms of one tenant", "zoo" not in control(
            context, server, "rooms", "--tenant", "acme").stdout)
        for words in (("room", "tea"), ("say", "tea", "x"), ("close-room", "tea")):
            done = control(context, server, *words)
            context.ok(f"{words[0]}: which of the two has to be said", done.returncode == 1
                       and "name one by tenant" in done.stderr, done.stderr)
        done = control(context, server, "room", "tea", "--tenant", "zoo")
        context.ok("room of one tenant, with the role of its member",
                   "keeper, connected" in done.stdout and "Ann" not in done.stdout, done.stdout)
        control(context, server, "say", "tea", "only you", "--tenant", "zoo")
        context.same("say to one tenant's room", zoe.await_("notice")["text"], "only you")
        control(context, server, "close-room", "tea", "--tenant", "zoo")
        context.same("close-room of one tenant", zoe.end(), 4105)
        ann.send("ping", ack=1)
        context.same("and nothing came to the other", ann.hear()["type"], "pong")


def nobody(context):
    """Nobody answers, until a relay begins to; returns that."""
    port = context.port()
    where = f"127.0.0.1:{port}"
    for words in (("rooms",), ("watch", "--once"), ("say", "tea", "x")):
        done = context.run_program("parleyctl", "--admin", where, *words)
        context.ok(f"{words[0]} without a server: exit 1 and how to begin", done.returncode == 1
                   and "nobody answers at" in done.stderr, done.stderr)
    with AtTerminal([str(context.binary("parleyctl")), "--admin", where, "watch"]) as screen:
        context.ok("watch without a server waits for one", screen.until(
            lambda lines: any("nobody answers" in line for line in lines)))
        relay = context.daemon(daemons.Turnd(context.port(), port))
        context.ok("watch goes on when there is one", screen.until(
            lambda lines: any("this server has no rooms" in line for line in lines)
            and not any("nobody answers" in line for line in lines)))
        screen.type("q")
        context.ok("and ends when asked to", screen.ends() and screen.code == 0)
    return relay
