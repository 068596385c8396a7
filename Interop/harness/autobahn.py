"""Autobahn's fuzzing client (wstest) against an echo: found, installed, run and judged.

It runs on Python 2.7 alone. `Interop/autobahn` runs all of it; the scenario `websocket_echo` runs
what takes seconds. Where there is no Python 2.7 neither can, and both say so.
"""

from __future__ import annotations

import collections
import glob
import json
import os
import pathlib
import shutil
import subprocess
import sys

from harness import context

REQUIREMENTS = context.ROOT / "Interop" / "requirements-autobahn.txt"
VENV = context.ROOT / ".build" / "autobahn-venv"
VIRTUALENV = "virtualenv==20.15.1"
INSTALL_SECONDS_MAX = 180
# What takes long: messages of megabytes, and thousands of compressed ones.
LONG_SECTIONS = ("9", "12", "13")
GOOD = ("OK", "NON-STRICT", "INFORMATIONAL")
AGENT = "parley"


def python27() -> str | None:
    """An interpreter of Python 2.7, on PATH or in pyenv's usual place."""
    versions = os.path.expanduser("~/.pyenv/versions/2.7*/bin/python2.7")
    candidates = [shutil.which("python2.7"), *sorted(glob.glob(versions), reverse=True)]
    # pyenv has a program of that name on PATH even where it leads to nothing.
    return next((path for path in candidates if path and works(path)), None)


def works(python: str) -> bool:
    """Whether an interpreter is one."""
    done = subprocess.run([python, "-c", "import ssl"], capture_output=True, check=False)
    return done.returncode == 0


def wstest(python: str) -> pathlib.Path:
    """Installs Autobahn once, in a virtual environment of its own, and returns its program."""
    program = VENV / "bin" / "wstest"
    installed = VENV / "installed.txt"
    wanted = REQUIREMENTS.read_text()
    if program.exists() and installed.exists() and installed.read_text() == wanted:
        return program
    shutil.rmtree(VENV, ignore_errors=True)
    bootstrap = VENV.with_name("autobahn-bootstrap")
    quiet = ["-q", "--disable-pip-version-check", "--no-input"]
    steps = (
        [python, "-m", "pip", "install", *quiet, "--target", str(bootstrap), VIRTUALENV],
        [python, "-m", "virtualenv", "-q", str(VENV)],
        [str(VENV / "bin" / "pip"), "install", *quiet, "--requirement", str(REQUIREMENTS)],
    )
    for step in steps:
        # What virtualenv needs itself must not count as installed for wstest.
        path = {"PYTHONPATH": str(bootstrap)} if "virtualenv" in step else {}
        variables = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        done = subprocess.run(
            step, env=variables | path, capture_output=True, text=True,
            errors="replace", timeout=INSTALL_SECONDS_MAX, check=False)
        if done.returncode:
            raise OSError(f"{' '.join(step)}: {done.stderr[-500:]}")
    shutil.rmtree(bootstrap, ignore_errors=True)
    installed.write_text(wanted)
    return program


def fuzz(program: pathlib.Path, url: str, folder: pathlib.Path, leave_out: tuple[str, ...],
         seconds: float) -> dict[str, dict[str, str]]:
    """Runs the cases but those of some sections, and returns what Autobahn's index says of each."""
    reports = folder / "autobahn"
    shutil.rmtree(reports, ignore_errors=True)
    spec = folder / "fuzzingclient.json"
    spec.write_text(json.dumps({
        "outdir": str(reports), "servers": [{"agent": AGENT, "url": url}], "cases": ["*"],
        "exclude-cases": [f"{section}.*" for section in leave_out], "exclude-agent-cases": {}}))
    with open(folder / "wstest.log", "w", encoding="utf-8") as log:
        # Its exit status is 0 whatever it finds.
        subprocess.run(["setpriv", "--pdeathsig", "KILL", str(program), "-m", "fuzzingclient",
                        "-s", str(spec)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                       cwd=folder, timeout=seconds, check=False)
    return json.loads((reports / "index.json").read_text())[AGENT]


def bad(results: dict[str, dict[str, str]]) -> list[str]:
    """The cases that did not go as they should, with what they did."""
    return [f"{case}: {found['behavior']}, close {found['behaviorClose']}"
            for case, found in sorted(results.items(), key=lambda item: order(item[0]))
            if found["behavior"] not in GOOD or found["behaviorClose"] not in GOOD]


def order(case: str) -> list[int]:
    """Case numbers in their order."""
    return [int(part) for part in case.split(".")]


def by_section(results: dict[str, dict[str, str]]) -> dict[str, dict[str, dict[str, str]]]:
    """The results by the first number of their case."""
    sections: dict[str, dict[str, dict[str, str]]] = collections.defaultdict(dict)
    for case, found in sorted(results.items(), key=lambda item: order(item[0])):
        sections[case.split(".", 1)[0]][case] = found
    return sections


def tell(results: dict[str, dict[str, str]]) -> str:
    """How many there were of each behavior."""
    counts = collections.Counter(found["behavior"] for found in results.values())
    return ", ".join(f"{count} {behavior}" for behavior, count in sorted(counts.items()))


def main() -> int:
    """All cases; see `Interop/autobahn`."""
    python = python27()
    if python is None:
        print("Interop/autobahn: there is no python2.7, on PATH or in ~/.pyenv; nothing was run",
              file=sys.stderr)
        return 69
    os.makedirs(context.LOGS, exist_ok=True)
    program = wstest(python)
    with context.Context("autobahn_full", 27000, 100) as scene:
        port = scene.port()
        scene.start("parley-echo", [str(scene.binary("parley-echo")), str(port)])
        if not context.wait_for(port):
            print("Interop/autobahn: parley-echo does not listen", file=sys.stderr)
            return 69
        results = fuzz(program, f"ws://127.0.0.1:{port}", scene.logs, (), 3600)
    for section, found in by_section(results).items():
        print(f"section {section:>2}: {len(found):3} cases: {tell(found)}")
    failures = bad(results)
    for failure in failures:
        print(f"not as it should be: {failure}")
    others = [case for case, found in results.items() if found["behavior"] != "OK"]
    print(f"not plainly OK: {', '.join(sorted(others, key=order)) or 'none'}")
    print(f"autobahn: {len(results) - len(failures)} passed, {len(failures)} failed")
    return 1 if failures or not results else 0


if __name__ == "__main__":
    sys.exit(main())
