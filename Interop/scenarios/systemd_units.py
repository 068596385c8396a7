"""The systemd units: well formed, hardened, and right about the programs that they start."""

import re
import subprocess

from harness.context import ROOT

UNITS = ROOT / "Docs" / "systemd"

# systemd-analyze's measure, from 0 (safe) to 100 (exposed); what is open to the network and waits
# for SIGHUP does not get much lower.
EXPOSURE_MAX = "25"


def run(context):
    """Each unit; then one that is broken, so that the check is known to see something."""
    units = sorted(UNITS.glob("*.service"))
    context.same("there is a unit for each server", [unit.stem for unit in units],
                 ["parleyd", "stund", "turnd"])
    for unit in units:
        text = unit.read_text()
        start = re.search(r"^ExecStart=/usr/local/bin/(\S+) (.*)$", text, re.M)
        context.ok(f"{unit.name} starts its program", start and start.group(1) == unit.stem,
                   start and start.group(0))
        # The check wants the program to be where the unit says.
        text = text.replace(f"/usr/local/bin/{unit.stem}", str(context.binary(unit.stem)))
        said = verify(context, unit.name, text)
        context.ok(f"{unit.name} is well formed", said == "", said)
        exposure(context, unit.name)
        flags_exist(context, unit.stem, start.group(2).split() if start else [])
        context.ok(f"{unit.name} has limits that fit sockets", "LimitNOFILE=" in text)
    broken = verify(context, "broken.service", "[Service]\nExecStart=/nowhere\nNoNewPriv=yes\n")
    context.ok("a broken unit is seen", "NoNewPriv" in broken and "/nowhere" in broken, broken)


def verify(context, name, text):
    """What systemd-analyze has to say of a unit."""
    path = context.logs / name
    path.write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True,
                          check=False)
    return (done.stdout + done.stderr).strip()


def exposure(context, name):
    """The unit that was verified last, judged by its hardening."""
    done = subprocess.run(
        ["systemd-analyze", "security", "--no-pager", "--offline=yes",
         f"--threshold={EXPOSURE_MAX}", str(context.logs / name)],
        capture_output=True, text=True, check=False)
    context.ok(f"{name} is hardened", done.returncode == 0,
               (done.stdout + done.stderr).strip().splitlines()[-1:])


def flags_exist(context, program, words):
    """Every flag of the unit is one that the program has."""
    known = context.run_program(program, "--help").stdout
    flags = [word for word in words if word.startswith("--")]
    context.ok(f"{program} knows the flags of its unit",
               flags and all(flag in known for flag in flags), flags)
