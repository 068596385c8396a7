"""The conformance kit: its vectors fit the schemas, the example client passes, broken ones fail."""

import asyncio
import copy
import subprocess
import sys

from harness import schemas
from harness.context import ROOT
from vectors import run as kit

ADAPTER = ROOT / "Interop" / "vectors" / "adapters" / "python_example.py"
AT_ONCE = 4
# Faults of a client, each as a change to the example, and the vector that has to notice.
FAULTS = {
    "hands on what it has seen": (
        "duplicates", "Client._is_news = lambda self, message: message['type'] != 'pong'"),
    "sends nothing again": (
        "resume-retransmits", "_join = Client._join\n"
        "async def join(self):\n    await _join(self)\n    self._under_way.clear()\n"
        "Client._join = join"),
    "sends all again": ("resume-retransmits", "Client._acknowledged = lambda self, number: None"),
    "does not acknowledge early": ("many-messages", "parley_client.UNACKNOWLEDGED_MAX = 10**9"),
    "comes back when it must not": (
        "close-4101-for-good", "_connection = Client._connection\n"
        "async def connection(self):\n    await _connection(self)\n    return 1006\n"
        "Client._connection = connection"),
    "tells of no limit": ("rate-limited", "Client._again = lambda self, error: True"),
}


def run(context):
    """First the vectors by themselves."""
    found = kit.vectors()
    fit_schemas(context, found)
    play(context, "the example client", list(found), [sys.executable, str(ADAPTER)])
    for label, (name, change) in FAULTS.items():
        verdicts, missing = judge([name], [sys.executable, "-c", BROKEN.format(
            folder=str(ROOT / "Interop" / "example"), adapter=str(ADAPTER), change=change)], 1)
        context.ok(f"a client that {label} fails {name}", verdicts.get(name) and not missing,
                   verdicts)


BROKEN = """
import runpy, sys
sys.path.insert(0, {folder!r})
import parley_client
from parley_client import Client
{change}
sys.argv = ["adapter", sys.argv[-1]]
runpy.run_path({adapter!r})
"""


def judge(names, command, at_once):
    """What the kit says of vectors under a client: the fault by name, and who had no verdict."""
    verdicts = {}
    processes = []

    async def start(address):
        processes.extend(subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *command, f"ws://{address}/control"])
            for _ in range(at_once))

    try:
        missing = asyncio.run(kit.play_all(names, start, verdicts.__setitem__))
    finally:
        for process in processes:
            process.terminate()
            process.wait()
    return verdicts, missing


def play(context, client, names, command):
    """A verdict for each vector."""
    verdicts, missing = judge(names, command, AT_ONCE)
    for name, fault in sorted(verdicts.items()):
        context.ok(f"{client}: {name}", not fault, fault)
    context.same(f"{client}: every vector was played", missing, [])


def fit_schemas(context, found):
    """Each message of the server, each of the client as far as a pattern tells."""
    judges = {True: schemas.Schemas(), False: schemas.Schemas(refuse_unknown=False)}
    for name, vector in found.items():
        faults = [] if vector["name"] == name and vector["shows"] else ["no name or no purpose"]
        judge_of = judges[not vector.get("unknownMembers")]
        for step in vector["steps"]:
            if step.get("server") == "says":
                faults += judge_of.faults("server", step["message"])
            elif step.get("client") == "says":
                faults += judge_of.faults("client", example(step["message"]))
            elif step.get("application") == "sends":
                faults += judge_of.faults("client", {**step["message"], "seq": 2})
        context.same(f"{name}: every message fits its schema", faults, [])


def example(pattern):
    """A message that fits a pattern and has what every one must have."""
    message = {"room": "tea", "seq": 1} if pattern["type"] == "join" else {}
    for key, value in copy.deepcopy(pattern).items():
        if isinstance(value, dict) and "$min" in value:
            value = value["$min"]
        if value != {"$absent": True}:
            message[key] = value
    return message
