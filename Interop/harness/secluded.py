"""A network for one scenario alone: its own loopback, one interface, and no way out.

`harness.main` starts a scenario that says `SECLUDED = True` in namespaces of its own (unshare), so
what is set up here ends with its process. Browsers want more of a network than a loopback: Firefox
gathers nothing without another interface, and speaks TLS to servers only by name.
"""

from __future__ import annotations

import pathlib
import subprocess
import tempfile

HOST = "203.0.113.1"
HOST_V6 = "2001:db8:1::1"
NAME = "turn.test"

UNSHARE = ("unshare", "--net", "--mount", "--propagation", "private")

LINKS = f"""
link set lo up
link add net0 type veth peer name net1
address add {HOST}/24 dev net0
address add {HOST_V6}/64 dev net0 nodad
link set net0 up
link set net1 up
route add default via 203.0.113.2
"""

# No resolver is there: it must refuse at once, or each look-up costs a browser many seconds.
FILES = {
    "/etc/hosts": f"127.0.0.1 localhost\n::1 localhost\n{HOST} {NAME}\n",
    "/etc/resolv.conf": "nameserver 127.0.0.1\n",
}


def set_up() -> None:
    """Makes the network, and says the names that there are."""
    subprocess.run(["ip", "-batch", "-"], input=LINKS, text=True, check=True)
    with tempfile.TemporaryDirectory() as folder:
        for target, text in FILES.items():
            source = pathlib.Path(folder) / pathlib.Path(target).name
            source.write_text(text)
            # The file stays for as long as it is mounted.
            subprocess.run(["mount", "--bind", str(source), target], check=True)
