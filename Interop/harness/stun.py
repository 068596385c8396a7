"""STUN messages as bytes, written here from RFC 8489 and 8656: valid ones, and ones to break."""

from __future__ import annotations

import hashlib
import hmac
import os
import socket
import struct
import zlib

COOKIE = 0x2112A442

BINDING, ALLOCATE, REFRESH, SEND, CREATE_PERMISSION, CHANNEL_BIND = 1, 3, 4, 6, 8, 9
REQUEST, INDICATION, SUCCESS, FAILURE = 0x000, 0x010, 0x100, 0x110

USERNAME, INTEGRITY, ERROR_CODE, CHANNEL_NUMBER, LIFETIME = 0x06, 0x08, 0x09, 0x0C, 0x0D
XOR_PEER, DATA, REALM, NONCE, XOR_RELAYED, TRANSPORT = 0x12, 0x13, 0x14, 0x15, 0x16, 0x19
XOR_MAPPED, FINGERPRINT, MOBILITY_TICKET = 0x20, 0x8028, 0x8030

UDP = b"\x11\0\0\0"


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute, padded to four bytes."""
    return struct.pack(">HH", kind, len(value)) + value + bytes(-len(value) % 4)


def header(kind: int, length: int, transaction: bytes) -> bytes:
    """The 20 bytes in front."""
    return struct.pack(">HHI", kind, length, COOKIE) + transaction


def message(kind: int, attributes: bytes = b"", key: bytes | None = None,
            fingerprint: bool = False, transaction: bytes | None = None) -> bytes:
    """A message; with MESSAGE-INTEGRITY when a key is given."""
    transaction = transaction or os.urandom(12)
    if key is not None:
        covered = header(kind, len(attributes) + 24, transaction) + attributes
        attributes += attribute(INTEGRITY, hmac.digest(key, covered, hashlib.sha1))
    if fingerprint:
        covered = header(kind, len(attributes) + 8, transaction) + attributes
        attributes += attribute(
            FINGERPRINT, struct.pack(">I", zlib.crc32(covered) ^ 0x5354554E))
    return header(kind, len(attributes), transaction) + attributes


def attributes_of(data: bytes) -> dict[int, bytes]:
    """The attributes of a message that is known to be well formed; the first of a kind counts."""
    found: dict[int, bytes] = {}
    at = 20
    while at + 4 <= len(data):
        kind, length = struct.unpack_from(">HH", data, at)
        found.setdefault(kind, data[at + 4:at + 4 + length])
        at += 4 + length + (-length % 4)
    return found


def error_code(data: bytes) -> int | None:
    """The code of an error response; None for any other message."""
    value = attributes_of(data).get(ERROR_CODE)
    return None if value is None else value[2] * 100 + value[3]


def xor_address(host: str, port: int) -> bytes:
    """The value of XOR-PEER-ADDRESS and its like, IPv4."""
    number = struct.unpack(">I", socket.inet_aton(host))[0]
    return struct.pack(">BBHI", 0, 1, port ^ (COOKIE >> 16), number ^ COOKIE)


def unxor_address(value: bytes, transaction: bytes) -> tuple[str, int]:
    """Host and port from the value of an XOR address, of either family."""
    port = struct.unpack_from(">H", value, 2)[0] ^ (COOKIE >> 16)
    mask = struct.pack(">I", COOKIE) + transaction
    plain = bytes(a ^ b for a, b in zip(value[4:], mask))
    return socket.inet_ntop(socket.AF_INET if value[1] == 1 else socket.AF_INET6, plain), port


def long_term_key(username: str, realm: str, password: str) -> bytes:
    """RFC 8489 §9.2.2, MD5."""
    return hashlib.md5(f"{username}:{realm}:{password}".encode()).digest()


def connected(host: str, port: int, seconds: float) -> socket.socket:
    """A UDP socket that talks to one server only."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    talk = socket.socket(family, socket.SOCK_DGRAM)
    talk.settimeout(seconds)
    talk.connect((host, port))
    return talk


def unconnected(seconds: float) -> socket.socket:
    """An IPv4 UDP socket that talks to anybody."""
    talk = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    talk.settimeout(seconds)
    return talk


def ask(talk: socket.socket, request: bytes) -> bytes | None:
    """The answer to a request; None if there is none within the socket's time."""
    try:
        talk.send(request)
        while True:
            answer = talk.recv(65536)
            if answer[4:20] == request[4:20]:
                return answer
    except OSError:
        return None


def binding(host: str, port: int, seconds: float = 2.0) -> bytes | None:
    """The answer to one Binding request."""
    with connected(host, port, seconds) as talk:
        return ask(talk, message(BINDING | REQUEST))
