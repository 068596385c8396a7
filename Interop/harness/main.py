"""Runs the scenarios, each in a process of its own, and adds up what they say.

A process each, so that one that hangs or crashes is one failure and takes its daemons with it.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import importlib
import os
import pathlib
import re
import subprocess
import sys
import time
import traceback

from harness import context, secluded

SCENARIOS = pathlib.Path(__file__).parent.parent / "scenarios"

# A scenario that takes longer than this is stuck; the longest takes well under a minute.
SCENARIO_SECONDS_MAX = 240

# Most scenarios wait for timers of their clients nearly all the time, so several fit on two cores.
AT_ONCE = 4

# Ports for one scenario to listen on, all below the range that the kernel gives to clients and
# the relay gives to allocations, so that nobody else takes one between choosing and binding.
FIRST_PORT = 20000
PORTS_EACH = 200


def names() -> list[str]:
    """The scenarios there are: one file each."""
    return sorted(path.stem for path in SCENARIOS.glob("*.py") if path.stem != "__init__")


def load(name: str):
    """The module of a scenario: it has `run(context)`, `ALONE = True` if it needs the cores, and
    `SECLUDED = True` if it needs a network of its own."""
    return importlib.import_module(f"scenarios.{name}")


def run_here(name: str, first_port: int) -> int:
    """Runs one scenario in this process; what it prints is read by `run_apart`."""
    if getattr(load(name), "SECLUDED", False):
        secluded.set_up()
    with context.Context(name, first_port, PORTS_EACH) as scene:
        try:
            load(name).run(scene)
        except Exception as error:  # a broken scenario is a failed one, never a lost one
            scene.note(traceback.format_exc())
            scene.ok(f"{name} runs to its end", False, repr(error))
    return 1 if scene.failed else 0


def run_apart(name: str, first_port: int) -> tuple[str, float, list[str]]:
    """Runs one scenario in a child process and returns its name, seconds and lines."""
    start = time.monotonic()
    command = [sys.executable, "-m", "harness.main", "--here", str(first_port), name]
    if getattr(load(name), "SECLUDED", False):
        command = [*secluded.UNSHARE, *command]
    command = ["setpriv", "--pdeathsig", "KILL", *command]
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", timeout=SCENARIO_SECONDS_MAX, check=False)
        lines, code = done.stdout.splitlines(), done.returncode
    except subprocess.TimeoutExpired as late:
        output = late.stdout or b""
        lines = output.decode(errors="replace").splitlines()
        lines.append(f"not ok - {name} ends within {SCENARIO_SECONDS_MAX} s")
        code = 1
    verdicts = [line for line in lines if verdict(line) is not None]
    failed = [line for line in verdicts if verdict(line) is False]
    if not verdicts or (code != 0) != bool(failed):
        lines.append(f"not ok - {name} ends as it should (exit code {code})")
    return name, time.monotonic() - start, lines


def verdict(line: str) -> bool | None:
    """Whether a line says that something holds; None for any other line."""
    found = re.match(r"(not )?ok - ", line)
    return None if found is None else found.group(1) is None


class Tally:
    """Numbers the verdicts of all scenarios through and counts them."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed: list[str] = []

    def print(self, name: str, seconds: float, lines: list[str]) -> None:
        """Prints what one scenario said; notes as they are, verdicts with a number."""
        print(f"# {name}: {seconds:.1f} s")
        for line in lines:
            holds = verdict(line)
            if holds is None:
                print(line if line.startswith("#") else f"# {line}")
                continue
            self.passed += holds
            if not holds:
                self.failed.append(line)
            number = self.passed + len(self.failed)
            rest = line.split(" - ", 1)[1]
            print(f"{'ok' if holds else 'not ok'} {number} - {name}: {rest}")
        sys.stdout.flush()


def run_all(chosen: list[str]) -> int:
    """Runs the chosen scenarios: the patient ones side by side, then the busy ones one by one."""
    ports = {name: FIRST_PORT + PORTS_EACH * place for place, name in enumerate(names())}
    alone = [name for name in chosen if getattr(load(name), "ALONE", False)]
    together = [name for name in chosen if name not in alone]
    tally = Tally()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        jobs = [pool.submit(run_apart, name, ports[name]) for name in together]
        for job in concurrent.futures.as_completed(jobs):
            tally.print(*job.result())
    for name in alone:
        tally.print(*run_apart(name, ports[name]))
    print(f"1..{tally.passed + len(tally.failed)}")
    for line in tally.failed:
        print(f"# failed: {line.split(' - ', 1)[1]}")
    print(f"interop: {tally.passed} passed, {len(tally.failed)} failed")
    return 1 if tally.failed or not tally.passed else 0


def main() -> int:
    """Reads the command line; see `Interop/run`."""
    parser = argparse.ArgumentParser(prog="Interop/run", description="Runs the interop tests.")
    parser.add_argument("scenario", nargs="*", help="run only these")
    parser.add_argument("--list", action="store_true", help="say what there is")
    parser.add_argument("--here", type=int, metavar="PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = sorted(set(options.scenario) - set(names()))
    if unknown:
        parser.error(f"no such scenario: {', '.join(unknown)}; there are: {', '.join(names())}")
    if options.list:
        for name in names():
            print(f"{name:28} {(load(name).__doc__ or '').strip().splitlines()[0]}")
        return 0
    if options.here is not None:
        return run_here(options.scenario[0], options.here)
    missing = context.missing_binaries()
    if missing:
        print(f"# not in {context.BINARIES}: {', '.join(missing)}; run `swift build -c release`")
        print("interop: 0 passed, 1 failed")
        return 1
    os.makedirs(context.LOGS, exist_ok=True)
    return run_all(options.scenario or names())


if __name__ == "__main__":
    sys.exit(main())
