"""NAT behaviour discovery without a NAT: coturn's stunclient, and every way an answer can go."""

import re
import struct
import subprocess

from harness import daemons, stun

CHANGE_REQUEST, PADDING, RESPONSE_PORT = 0x0003, 0x0026, 0x0027
MAPPED, RESPONSE_ORIGIN, OTHER_ADDRESS = 0x0001, 0x802B, 0x802C


class Discovering(daemons.Stund):
    """stund with two addresses and two ports."""

    def __init__(self, first: str, second: str, port: int, other_port: int) -> None:
        super().__init__((first,), port)
        self.second = second
        self.other_port = other_port

    def arguments(self) -> list[str]:
        """With the flag that turns it on."""
        return [*super().arguments(), "--nat-discovery",
                daemons.endpoint(self.second, self.other_port)]


def run(context):
    """On, off, and refused."""
    on = context.daemon(Discovering("127.0.0.1", "127.0.0.2", context.port(), context.port()))
    off = context.daemon(daemons.Stund(("127.0.0.1",), context.port()))
    answers(context, on)
    response_port(context, on)
    padding(context, on)
    switched_off(context, off)
    stunclient(context, on)
    done = context.run_program("stund", "--nat-discovery", "127.0.0.2:3479")
    context.ok("stund refuses an alternate for all addresses",
               done.returncode == 64 and "--nat-discovery" in done.stderr, done.stderr)


def plain(value):
    """Host and port of an attribute that is not XORed, IPv4."""
    return ".".join(str(byte) for byte in value[4:8]), struct.unpack(">H", value[2:4])[0]


def exchange(talk, server, attributes=b"", seconds=2.0):
    """Asks, and returns the attributes of the answer with where it came from."""
    talk.settimeout(seconds)
    talk.sendto(stun.message(stun.BINDING, attributes), server)
    try:
        answer, source = talk.recvfrom(4096)
    except OSError:
        return None, None
    return stun.attributes_of(answer), source


def answers(context, server):
    """RFC 5780 §6.1, table 1."""
    hosts, ports = (server.hosts[0], server.second), (server.port, server.other_port)
    for here_host in (0, 1):
        for here_port in (0, 1):
            for flags in (0, 2, 4, 6):
                wish = stun.attribute(CHANGE_REQUEST, struct.pack(">I", flags))
                with stun.unconnected(2) as talk:
                    found, source = exchange(talk, (hosts[here_host], ports[here_port]), wish)
                expected = (hosts[here_host ^ (flags >> 2 & 1)],
                            ports[here_port ^ (flags >> 1 & 1)])
                told = found and (plain(found[RESPONSE_ORIGIN]), plain(found[OTHER_ADDRESS]))
                other = (hosts[1 - here_host], ports[1 - here_port])
                context.ok(f"{here_host}{here_port}: flags {flags} are answered from the right one",
                           source == expected and told == (expected, other), (source, told))


def response_port(context, server):
    """RFC 5780 §7.5."""
    with stun.unconnected(2) as asking, stun.unconnected(2) as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        asking.sendto(stun.message(stun.BINDING, stun.attribute(
            RESPONSE_PORT, struct.pack(">HH", port, 0))), ("127.0.0.1", server.port))
        try:
            found = stun.attributes_of(listening.recv(2048))
        except OSError:
            found = {}
        context.ok("the answer goes to RESPONSE-PORT and tells of the asker",
                   MAPPED in found and plain(found[MAPPED])[1] == asking.getsockname()[1])
        found, _ = exchange(asking, ("127.0.0.1", server.port), stun.attribute(
            RESPONSE_PORT, struct.pack(">HH", 53, 0)))
        context.same("a well-known port is refused", code(found), 400)


def padding(context, server):
    """RFC 5780 §7.6, without helping an attacker."""
    with stun.unconnected(2) as talk:
        for asked, got in ((8, 8), (1500, 1500), (3000, 1500)):
            found, _ = exchange(talk, ("127.0.0.1", server.port),
                                stun.attribute(PADDING, bytes(asked)))
            context.same(f"padding of {asked} bytes is answered with",
                         found and len(found[PADDING]), got)
        found, _ = exchange(talk, ("127.0.0.1", server.port), stun.attribute(
            PADDING, bytes(8)) + stun.attribute(RESPONSE_PORT, struct.pack(">HH", 5000, 0)))
        context.same("PADDING with RESPONSE-PORT is refused", code(found), 400)


def code(found):
    """The error code of an answer."""
    value = (found or {}).get(stun.ERROR_CODE, bytes(4))
    return value[2] * 100 + value[3]


def switched_off(context, server):
    """coturn#1588: no more in an answer than there has to be, unless it was asked for."""
    with stun.unconnected(2) as talk:
        for kind in (CHANGE_REQUEST, PADDING, RESPONSE_PORT):
            found, _ = exchange(talk, ("127.0.0.1", server.port), stun.attribute(kind, bytes(4)))
            context.same(f"off: attribute 0x{kind:04x} is unknown", code(found), 420)
        found, _ = exchange(talk, ("127.0.0.1", server.port))
        context.same("off: an answer has the mapped address and nothing else",
                     list(found or {}), [stun.XOR_MAPPED])


def stunclient(context, server):
    """coturn's client, forced to RFC 5780. It asks three times: plainly; then for an answer from
    the other address and port to the port after its own (RESPONSE-PORT); then the same from that
    port, with PADDING."""
    try:
        output = subprocess.run(
            ["turnutils_stunclient", "-f", "-p", str(server.port), "127.0.0.1"],
            capture_output=True, text=True, timeout=15, check=False).stdout
    except subprocess.TimeoutExpired as late:
        output = (late.stdout or b"").decode(errors="replace")
    here, other = f"127.0.0.1:{server.port}", f"127.0.0.2:{server.other_port}"
    parts = re.split(r"RFC 5780 response \d", output)[1:]
    context.same("turnutils_stunclient -f gets three answers", len(parts), 3)
    seen = [(last("Response origin", part), last("Other addr", part)) for part in parts]
    context.same("turnutils_stunclient -f: the last two come from the other address", seen,
                 [(here, other), (other, other), (other, other)])
    mapped = [int((last("UDP reflexive addr", part) or ":0").rpartition(":")[2]) for part in parts]
    context.ok("turnutils_stunclient -f: the second answer came to a port that did not ask",
               len(mapped) == 3 and 0 < mapped[0] == mapped[1] == mapped[2] - 1, mapped)


def last(label, text):
    """The address that stunclient printed last under a label."""
    found = re.findall(rf"{label}:[ :]*(\S+)", text)
    return found[-1] if found else None
