"""The browser library by itself: its size, its page, its error codes, and the conformance kit."""

import asyncio
import gzip
import re
import subprocess
import sys

from harness import browsers
from harness.context import ROOT
from vectors import run as kit

PAGES = ROOT / "Sources" / "WebAssets" / "Pages"
ADAPTERS = ROOT / "Interop" / "vectors" / "adapters"
MODULES = [PAGES / "parley.js", *sorted((PAGES / "parley").glob("*.js"))]
BYTES_MAX = 12_000


def run(context):
    """All that needs no server of ours."""
    text = b"".join(module.read_bytes() for module in MODULES)
    size = len(gzip.compress(text, 9))
    context.ok(f"all modules together, gzip -9: at most {BYTES_MAX} bytes", size <= BYTES_MAX, size)
    made = subprocess.run([sys.executable, str(ROOT / "Docs" / "sdk.py"), "--check"], check=False)
    context.same("Docs/sdk.md is made from parley.d.ts as it is", made.returncode, 0)
    codes(context, text.decode())
    with browsers.Chromium() as window:
        play(context, window)


def codes(context, text):
    """Whatever the library can say, and the server, is in the types."""
    thrown = set(re.findall(r'(?:ParleyError|temporary|#failed)\(\s*"([a-z_]+)"', text))
    closes = re.search(r"CLOSES = \{(.*?)\}", text, re.DOTALL).group(1)
    page = (ROOT / "Docs" / "protocol.md").read_text("utf-8").split("## Errors")[1]
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    said = {code for row in rows for code in re.findall(r"`([a-z_]+)`", row)}
    typed = set(re.findall(r'"([a-z_]+)"', (PAGES / "parley.d.ts").read_text("utf-8")))
    told = thrown | said - {"code", "rate_limited"} | set(re.findall(r'"([a-z_]+)"', closes))
    context.same("every code of an error is in parley.d.ts", sorted(told - typed), [])
    context.ok("and they were found", len(thrown) > 10 and len(said) > 10, (len(thrown), len(said)))


def play(context, window):
    """The kit serves the library to the browser, and plays the server."""
    pages = {"/": ADAPTERS / "parley_js.html", "/parley_js.js": ADAPTERS / "parley_js.js"} | {
        f"/parley/{module.name}": module for module in MODULES}
    verdicts = {}

    async def start(address):
        await asyncio.to_thread(window.open, f"http://{address}/")

    names = list(kit.vectors())
    missing = asyncio.run(kit.play_all(names, start, verdicts.__setitem__, pages=pages))
    for name, fault in sorted(verdicts.items()):
        context.ok(f"parley.js: {name}", not fault, fault)
    context.same("parley.js: every vector was played", missing, [])
