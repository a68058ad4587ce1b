"""What the lab's network offers its hosts: names, package mirrors over HTTP and HTTPS, an image registry over HTTPS."""

import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.lab import LabError, machine, names, network, state
from tests.lab.build import Artifacts
from tests.lab.topology import GATEWAY, REGISTRY

REPOSITORY = Path(__file__).parents[2]
START_SECONDS = 20
MIRRORS = "services/mirrors"

REGISTRY_CONFIG = """version: 0.1
log: {{accesslog: {{disabled: false}}, level: info}}
storage:
  filesystem: {{rootdirectory: {root}}}
  maintenance: {{readonly: {{enabled: true}}}}
http:
  addr: {address}:443
  secret: lab
  tls: {{certificate: {certificate}, key: {key}}}
"""

LISTENERS = ((GATEWAY, 53), (GATEWAY, 80), (GATEWAY, 443), (REGISTRY, 443))


def start(artifacts: Artifacts) -> None:
    """Start all services and wait until they listen."""
    certificate, key = artifacts.ca_certificate / "server.crt", artifacts.ca_certificate / "server.key"
    state.REGISTRY_CONFIG.write_text(
        REGISTRY_CONFIG.format(root=artifacts.registry, address=REGISTRY, certificate=certificate, key=key)
    )
    tools = artifacts.tools / "bin"
    for name, command in {
        "names": [tools / "dnsmasq", *_dnsmasq_options()],
        "registry": [tools / "docker-registry", "serve", state.REGISTRY_CONFIG],
    }.items():
        _spawn(name, command)
    start_mirrors(artifacts)


def start_mirrors(artifacts: Artifacts) -> None:
    """Start the package mirrors and wait until every service listens."""
    served = [state.ALTERED_MIRRORS, artifacts.packages]
    tls = [artifacts.ca_certificate / "server.crt", artifacts.ca_certificate / "server.key"]
    web = [sys.executable, "-m", "tests.lab.webserver", GATEWAY, *tls, *served]
    _spawn("mirrors", ["env", "-C", REPOSITORY, *web])
    _wait()


def _spawn(name: str, command: list[object]) -> None:
    inside = ["ip", "netns", "exec", network.OPERATOR, *map(str, command)]
    machine.spawn(f"services/{name}", inside, state.LOGS / f"{name}.log")


def status() -> dict[str, str]:
    """Each service's name and whether it is running or dead."""
    return {
        name: "running" if machine.processes(f"services/{name}") else "dead"
        for name in ("names", "mirrors", "registry")
    }


def _dnsmasq_options() -> list[str]:
    addresses = {
        **{name: str(GATEWAY) for name in names.MIRRORS},
        **{name: str(REGISTRY) for name in names.REGISTRIES},
        **names.OTHERS,
    }
    return [
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--user=root",
        "--pid-file",
        "--no-resolv",
        "--no-hosts",
        f"--listen-address={GATEWAY}",
        "--bind-interfaces",
        "--log-facility=-",
        "--local=/#/",  # every other name does not exist, at once
        *(f"--host-record={name},{address}" for name, address in addresses.items()),
    ]


def _wait() -> None:
    """Poll the kernel's table of listening sockets in the operator's namespace."""
    deadline = time.monotonic() + START_SECONDS
    command = ["ip", "netns", "exec", network.OPERATOR, "cat", "/proc/net/tcp"]
    while True:
        table = subprocess.run(command, capture_output=True, text=True).stdout
        silent = [f"{address}:{port}" for address, port in LISTENERS if f" {_hex(str(address), port)} " not in table]
        if not silent:
            return
        if time.monotonic() > deadline:
            raise LabError(f"nothing listens on {', '.join(silent)}; see the logs in {state.LOGS}")
        time.sleep(0.1)


def _hex(address: str, port: int) -> str:
    """An address and port as /proc/net/tcp writes them on a little-endian machine."""
    return f"{int.from_bytes(socket.inet_aton(address), 'little'):08X}:{port:04X}"
