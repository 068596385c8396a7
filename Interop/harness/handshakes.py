"""What openssl's s_client says of a server's handshake."""

from __future__ import annotations

import pathlib
import subprocess

SECONDS_MAX = 20


def handshake(port: int, authority: pathlib.Path, *flags: str) -> tuple[bool, str]:
    """Whether s_client gets through, with a certificate of an authority that it trusts, and its
    words. Old versions are refused by Debian's own client too, unless it is told not to care."""
    try:
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", str(authority),
             "-verify_return_error", "-cipher", "DEFAULT@SECLEVEL=0", *flags],
            input="", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", timeout=SECONDS_MAX, check=False)
        output = done.stdout
    except subprocess.TimeoutExpired as late:
        output = (late.stdout or b"").decode(errors="replace")
    return "Verify return code: 0 (ok)" in output and "Cipher is (NONE)" not in output, output
