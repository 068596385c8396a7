"""Join tokens as a product's backend signs them, see Docs/api.md."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(secret: str, kid: str | None = None, *, seconds: int = 600, **claims: object) -> str:
    """A token of HS256 that is good for so many seconds."""
    header = {"alg": "HS256", "typ": "JWT"} | ({"kid": kid} if kid else {})
    claims = {"exp": int(time.time()) + seconds, **claims}
    text = ".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
    mac = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return f"{text}.{_encoded(mac)}"
