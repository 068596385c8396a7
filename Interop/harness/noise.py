"""Bytes that nobody should have to answer for, from a seed: random ones, and good ones broken."""

from __future__ import annotations

import random
import struct

from harness import stun


def length(chance: random.Random) -> int:
    """Mostly the lengths where parsers decide something, now and then a long one."""
    kind = chance.random()
    if kind < 0.5:
        return chance.randrange(0, 48)
    if kind < 0.95:
        return chance.randrange(0, 300)
    if kind < 0.999:
        return chance.randrange(0, 1473)
    return chance.randrange(0, 20_000)


def random_bytes(chance: random.Random) -> bytes:
    """Just bytes; in every other one the first decides for STUN or for ChannelData."""
    data = bytearray(chance.randbytes(length(chance)))
    if data and chance.random() < 0.5:
        data[0] &= 0x7F
    return bytes(data)


def mutated(chance: random.Random, template: bytes) -> bytes:
    """A good message with one to four things wrong with it."""
    data = bytearray(template)
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(data)) if data else 0
        what = chance.randrange(6)
        if what == 0 and data:
            data[at] ^= 1 << chance.randrange(8)
        elif what == 1 and data:
            data[at] = chance.randrange(256)
        elif what == 2:
            del data[at:]
        elif what == 3:
            data += chance.randbytes(chance.randrange(1, 40))
        elif what == 4 and len(data) >= 4:
            # The length field, of a message or of what may be an attribute.
            place = chance.choice((2, min(at & ~3, len(data) - 4) + 2))
            struct.pack_into(">H", data, place, chance.choice(
                (0, 1, 3, 4, len(data) - 20 & 0xFFFF, len(data), 0x7FFF, 0xFFFC, 0xFFFF)))
        else:
            start = chance.randrange(len(data) + 1)
            data[at:at] = data[start:start + chance.randrange(64)]
    return bytes(data[:20_000])


def strangers(chance: random.Random) -> list[bytes]:
    """Messages of somebody without credentials. None of them, however mutated, may allocate: the
    signed ones are signed with a key that is no user's."""
    key = chance.randbytes(16)
    peer = stun.attribute(stun.XOR_PEER, stun.xor_address("127.0.0.1", 9))
    wish = stun.attribute(stun.TRANSPORT, stun.UDP)
    who = b"".join(stun.attribute(kind, value) for kind, value in (
        (stun.USERNAME, b"1799999999:somebody"), (stun.REALM, b"parley"),
        (stun.NONCE, chance.randbytes(32).hex().encode())))

    def made(kind: int, attributes: bytes, **options) -> bytes:
        return stun.message(kind, attributes, transaction=chance.randbytes(12), **options)

    requests = [
        (stun.ALLOCATE, wish), (stun.REFRESH, stun.attribute(stun.LIFETIME, bytes(4))),
        (stun.CREATE_PERMISSION, peer),
        (stun.CHANNEL_BIND, stun.attribute(stun.CHANNEL_NUMBER, b"\x40\0\0\0") + peer)]
    return [
        made(stun.BINDING, b""), made(stun.BINDING, b"", fingerprint=True),
        made(stun.BINDING | stun.INDICATION, b""), made(stun.BINDING | stun.SUCCESS, b""),
        *(made(kind, attributes) for kind, attributes in requests),
        *(made(kind, attributes + who, key=key, fingerprint=True) for kind, attributes in requests),
        made(stun.SEND | stun.INDICATION, peer + stun.attribute(stun.DATA, b"payload")),
        struct.pack(">HH", 0x4000, 16) + bytes(16), struct.pack(">HH", 0x4FFF, 3) + b"abc\0"]


def http(chance: random.Random, path: str = "/signal") -> bytes:
    """A good WebSocket upgrade."""
    key = chance.randbytes(16).hex()[:22] + "=="
    return (f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: parley.v1\r\n\r\n").encode()


def frame(chance: random.Random, payload: bytes) -> bytes:
    """A good masked text frame of less than 126 bytes."""
    mask = chance.randbytes(4)
    body = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return bytes([0x81, 0x80 | len(payload)]) + mask + body


def stream(chance: random.Random) -> bytes:
    """What one TCP connection says."""
    join = frame(chance, b'{"type":"join","seq":1,"room":"noise"}')
    kind = chance.randrange(6)
    if kind == 0:
        return chance.randbytes(chance.randrange(1, 4096))
    if kind == 1:
        return mutated(chance, http(chance))
    if kind == 2:
        return http(chance) + chance.randbytes(chance.randrange(1, 2048))
    if kind == 3:
        return http(chance) + mutated(chance, join)
    if kind == 4:
        return http(chance) + join + mutated(chance, frame(chance, b'{"type":"ping","seq":1}'))
    return b"GET /" + chance.randbytes(chance.randrange(1, 9000)).hex().encode() + b" HTTP/1.1\r\n"
