"""Chromium: two pages in one room over the demo and the browser library, relay only."""

import os
import re
import subprocess
import sys

from harness import daemons
from harness.context import ROOT
from harness.process import wait_until

# It wants both cores: two video encoders and two decoders run in it.
ALONE = True

SECONDS_MAX = 150


def run(context):
    """The script judges; here its verdict is told, and the server is looked at afterwards."""
    server = context.daemon(
        daemons.Parleyd(context.port(), context.port(), context.port()))
    picture = context.logs / "call.png"
    picture.unlink(missing_ok=True)
    command = [sys.executable, str(ROOT / "Interop" / "browser" / "call.py"), server.url,
               server.admin.url, "--screenshot", str(picture)]
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            timeout=SECONDS_MAX, check=False, env={**os.environ, "NO_PROXY": "*"})
        code, output = done.returncode, done.stdout
    except subprocess.TimeoutExpired as late:
        code = f"none in {SECONDS_MAX} s"
        output = (late.stdout or b"").decode(errors="replace")
    repeat(context, output)
    context.same("the call in the browser passes, exit code", code, 0)
    context.ok("there is a screenshot", picture.exists() and picture.stat().st_size > 10_000,
               picture.stat().st_size if picture.exists() else "none")
    context.ok("no room is left", wait_until(lambda: server.admin.signaling()["rooms"] == 0, 10))


def repeat(context, output):
    """Counts the script's own `ok` and `not ok` lines, and prints whatever else it says."""
    for line in output.splitlines():
        verdict = re.match(r"(not )?ok - (.*)", line)
        if verdict:
            context.ok(verdict.group(2), not verdict.group(1))
        else:
            context.note(line.removeprefix("# "))
