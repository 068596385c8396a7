"""turnutils_natdiscovery behind real NATs: it sees what they do."""

import subprocess

from harness import networks
from scenarios.stun_behaviour import Discovering

# RFC 4787 §4.1 and §5. Linux filters by address and port whatever the mapping is.
FILTERING = "NAT with Address and Port Dependent Filtering!"
MAPPING = {
    "cone": "NAT with Endpoint Independent Mapping!",
    "symmetric": "NAT with Address and Port Dependent Mapping!",
}


def run(context):
    """A cone, a symmetric NAT, and no NAT at all."""
    for kind, mapping in MAPPING.items():
        with networks.Networks(kind) as nets:
            with nets.server.entered():
                server = context.daemon(Discovering(
                    networks.SERVER, networks.SERVER_ALTERNATE, context.port(), context.port()))
            client = nets.clients[0]
            said = verdict(client, server.port, client.address, "-m", "-f")
            context.ok(f"{kind}: mapping", mapping in said, said[-600:])
            context.ok(f"{kind}: filtering", FILTERING in said, said[-600:])
            said = verdict(client, server.port, client.address, "-m", "-P")
            context.ok(f"{kind}: the same with 1500 bytes of padding", mapping in said, said[-600:])
            said = verdict(nets.server, server.port, networks.SERVER, "-m", "-f")
            context.ok(f"{kind}: from beside the server there is no NAT",
                       "No NAT" in said or "no NAT" in said, said[-600:])
            context.stop(server)


def verdict(namespace, port, local, *flags):
    """What natdiscovery says; it waits for answers that do not come, so it takes a while."""
    command = ["turnutils_natdiscovery", *flags, "-L", local, "-p", str(port), networks.SERVER]
    try:
        done = subprocess.run(namespace.command(*command), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=60,
                              check=False)
        return done.stdout
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode(errors="replace") + " (did not end)"
