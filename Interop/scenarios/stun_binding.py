"""Binding against stund and turnd: turnutils_stunclient and a client of our own, IPv4 and IPv6."""

import re
import socket
import struct
import subprocess
import zlib

from harness import daemons, stun


def run(context):
    """Both daemons, both families."""
    hosts = ("127.0.0.1", "::1")
    stund = context.daemon(daemons.Stund(hosts, context.port()))
    turnd = context.daemon(daemons.Turnd(context.port(), context.port(), hosts=hosts))
    for server in (stund, turnd):
        for host in hosts:
            coturn_client(context, server, host)
            own_client(context, server, host)
    wants_nothing(context, stund)


def coturn_client(context, server, host):
    """stunclient never gives up on a dead server, so the time limit is ours."""
    try:
        done = subprocess.run(["turnutils_stunclient", "-p", str(server.port), host],
                              capture_output=True, text=True, timeout=5, check=False)
        output = done.stdout
    except subprocess.TimeoutExpired:
        output = ""
    found = re.search(r"reflexive addr: (\S+)", output)
    address = found.group(1) if found else "no answer"
    context.ok(f"{server.program}: stunclient sees its own address, {host}",
               address.startswith((f"{host}:", f"[{host}]:")), address)


def own_client(context, server, host):
    """The mapped address is the socket's own; a FINGERPRINT is answered with a right one."""
    with stun.connected(host, server.port, 2) as talk:
        answer = stun.ask(talk, stun.message(stun.BINDING, fingerprint=True)) or bytes(20)
        own = talk.getsockname()[:2]
    found = stun.attributes_of(answer)
    mapped = found.get(stun.XOR_MAPPED)
    got = stun.unxor_address(mapped, answer[8:20]) if mapped else None
    context.same(f"{server.program}: XOR-MAPPED-ADDRESS is the client's, {host}", got == own, True)
    context.ok(f"{server.program}: a fingerprint is answered with one, {host}",
               answer[-8:] == stun.attribute(stun.FINGERPRINT, struct.pack(
                   ">I", zlib.crc32(answer[:-8]) ^ 0x5354554E)))


def wants_nothing(context, server):
    """stund does not relay: an Allocate gets an error or nothing, never a success."""
    with stun.connected("127.0.0.1", server.port, 0.5) as talk:
        request = stun.message(stun.ALLOCATE, stun.attribute(stun.TRANSPORT, stun.UDP))
        try:
            talk.send(request)
            kind = struct.unpack(">H", talk.recv(2048)[:2])[0]
        except (socket.timeout, ConnectionError):
            kind = None
    context.ok("stund: does not allocate", kind != stun.ALLOCATE | stun.SUCCESS,
               "silent" if kind is None else f"type 0x{kind:04x}")
