"""Starting and refusing to start: flags, their mistakes, --help; then parleyctl on a live room."""

import json

from harness import calls, daemons
from harness.process import wait_until
from harness.signaling import Session

# Anything that is wrong with an otherwise good command line, and the word that has to be in the
# one line that says so. A port of 0 is never reached: all of these stop before anything is bound.
GOOD = ("--listen", "udp:127.0.0.1:0", "--relay-ip", "127.0.0.1")
MISTAKES = (
    ("an unknown flag", ("--no-such-flag",), "--no-such-flag"),
    ("a flag without its value", ("--realm",), "--realm"),
    ("an impossible CIDR", ("--allow-peer", "10.0.0.0/33"), "10.0.0.0/33"),
    ("a CIDR that is none", ("--deny-peer", "ten"), "--deny-peer"),
    ("a port range backwards", ("--port-range", "50000-40000"), "50000-40000"),
    ("a port range beyond 65535", ("--port-range", "60000-70000"), "60000-70000"),
    ("a listen address that is none", ("--listen", "udp:nowhere"), "udp:nowhere"),
    ("a user without a password", ("--user", "somebody"), "--user"),
    ("no number of threads", ("--threads", "many"), "--threads"),
    ("a relay address that is none", ("--relay-ip", "300.1.1.1"), "300.1.1.1"),
    ("a configuration file that is not there", ("--config", "/nonexistent/parley.json5"),
     "/nonexistent/parley.json5"),
)


def run(context):
    """First what refuses to start, then what does."""
    for program in ("parleyd", "turnd"):
        refuses(context, program, "no credentials", GOOD, "--secret")
        for label, flags, word in MISTAKES:
            refuses(context, program, label, (*GOOD, "--secret", "s", *flags), word)
    refuses(context, "stund", "an unknown flag", ("--no-such-flag",), "--no-such-flag")
    for program in ("parleyd", "turnd", "stund", "parleyctl"):
        helps(context, program)
    control(context)


def refuses(context, program, label, flags, word):
    """The program ends by itself, not with 0, and says why on one line of standard error."""
    done = context.run_program(program, *flags)
    lines = done.stderr.strip().splitlines()
    context.ok(f"{program} refuses {label}",
               done.returncode > 0 and len(lines) == 1 and word in lines[0] and not done.stdout,
               f"exit code {done.returncode}: {' / '.join(lines)[:300] or 'silent'}")


def helps(context, program):
    """--help goes to standard output, fits a terminal and names the flags."""
    done = context.run_program(program, "--help")
    lines = done.stdout.splitlines()
    wanted = {"parleyctl": ("rooms", "room", "allocations", "--json"),
              "stund": ("--listen", "--help")}.get(
        program, ("--listen", "--relay-ip", "--realm", "--user", "--secret", "--allow-peer",
                  "--deny-peer", "--port-range", "--threads", "--admin", "--config", "--log-level"))
    absent = [word for word in wanted if word not in done.stdout]
    widest = max((len(line) for line in lines), default=0)
    context.ok(f"{program} --help", done.returncode == 0 and not absent and widest <= 100,
               f"{len(lines)} lines, {widest} wide" + (f", absent: {absent}" if absent else ""))


def control(context):
    """parleyctl against a server with a room of two and an allocation."""
    server = context.daemon(
        daemons.Parleyd(context.port(), context.port(), context.port()))
    # Somebody waits for that line, so it must not sit in a buffer because this is no terminal.
    context.ok("parleyd --dev says at once which address to open", wait_until(
        lambda: f"{server.url}/" in server.process.log.read_text(), 2))
    with Session(server.url) as ann, Session(server.url) as ben:
        ann.join("tea", name="Ann")
        ben.join("tea", name="Ben")
        rooms = as_json(context, server, "rooms")
        context.ok("parleyctl rooms --json names the room", "tea" in json.dumps(rooms), rooms)
        room = as_json(context, server, "room", "tea")
        context.ok("parleyctl room --json names who is in it",
                   all(peer in json.dumps(room) for peer in (ann.name, ben.name)), room)
        as_table(context, server, ("rooms",), ("tea", "2"))
        as_table(context, server, ("room", "tea"), (ann.name, ben.name))
        done = parleyctl(context, server, "room", "no-such-room")
        context.ok("parleyctl room of nobody fails with a line", done.returncode != 0
                   and len(done.stderr.strip().splitlines()) == 1, done.stderr.strip())
        host, port, username, password = ann.relay()
        with calls.allocation((host, port), username, password) as held:
            listed = as_json(context, server, "allocations")
            context.ok("parleyctl allocations --json names the relayed address",
                       f"{held.host}:{held.port}" in json.dumps(listed), listed)
            as_table(context, server, ("allocations",), (str(held.port),))
    context.stop(server)
    done = parleyctl(context, server, "rooms")
    context.ok("parleyctl without a server fails with a line", done.returncode != 0
               and len(done.stderr.strip().splitlines()) == 1, done.stderr.strip())


def parleyctl(context, server, *words):
    """Runs it against the admin endpoint of a server."""
    address = server.admin.url.removeprefix("http://")
    return context.run_program("parleyctl", *words, "--admin", address)


def as_json(context, server, *words):
    """What it prints for programs."""
    done = parleyctl(context, server, *words, "--json")
    try:
        return json.loads(done.stdout)
    except ValueError:
        context.ok(f"parleyctl {' '.join(words)} --json prints JSON", False,
                   f"exit code {done.returncode}: {done.stdout[:200]} {done.stderr[:200]}")
        return None


def as_table(context, server, words, wanted):
    """What it prints for people: a head and a line each, with the wanted words."""
    done = parleyctl(context, server, *words)
    lines = done.stdout.strip().splitlines()
    context.ok(f"parleyctl {' '.join(words)} prints a table", done.returncode == 0
               and len(lines) >= 2 and all(word in done.stdout for word in wanted),
               " / ".join(lines) or done.stderr)
