"""Watchers of what users of a cluster notice while it is changed: requests that fail, a watch that ends.

``watched`` has it counted beside what its block does: requests through the balancer's endpoint and a held watch, from
where the operator stands; an HTTP service of two replicas (web.yaml) at its cluster IP, from a host of the cluster, and
at the NodePort of two nodes. A node that is cordoned is the one whose turn it is: what its NodePort fails meanwhile is
counted apart, since nobody balances requests to a node that is out.
"""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import Any, Final

import yaml

from tests.lab import access, network, state
from tests.lab.client import KUBECONFIG, Lab, until
from tests.lab.topology import Topology
from tests.scenarios.availability_report import API, Availability, availability_of

POLLER: Final = Path(__file__).with_name("poller.py")
MANIFEST: Final = POLLER.with_name("web.yaml")
NAMESPACE: Final = "availability"

SECONDS_BETWEEN_REQUESTS: Final = 0.1
SECONDS_BETWEEN_CHANGES: Final = 1.0
SECONDS_TO_BEGIN: Final = 60
SECONDS_TO_END: Final = 60


@dataclass
class Poller:
    """poller.py at work.

    + output: the file that it writes to; errors of its own are in the same file with another ending
    + jobs: how many it was given
    """

    process: subprocess.Popen[str]
    output: Path
    jobs: int

    def lines(self) -> list[str]:
        """What it has told: whole lines."""
        return [line for line in self.output.read_text(encoding="utf-8").splitlines(keepends=True) if line[-1:] == "\n"]

    def has_begun(self) -> bool:
        """Whether each of its jobs had its first answer; AssertionError where it has died."""
        assert self.process.poll() is None, f"a poller has ended: {self.errors()}"
        begun = [line for line in self.lines() if json.loads(line)["event"] == "begun"]
        return len(begun) == self.jobs

    def errors(self) -> str:
        return self.output.with_suffix(".errors").read_text(encoding="utf-8")


@contextmanager
def polling(where: Sequence[str], environment: Mapping[str, str], jobs: list[Any], output: Path) -> Iterator[Poller]:
    """poller.py with these jobs, from their first answers until the block's end.

    + where: what runs a command at the place where it is to stand
    """
    with (
        output.open("w", encoding="utf-8") as told,
        output.with_suffix(".errors").open("w", encoding="utf-8") as errors,
        # A session of its own: whoever interrupts the scenario ends it by its stdin, with all it has counted.
        subprocess.Popen(
            [*where, sys.executable, str(POLLER)],
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=told,
            stderr=errors,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        assert process.stdin is not None
        poller = Poller(process, output, len(jobs))
        try:
            process.stdin.write(json.dumps(jobs) + "\n")
            process.stdin.flush()
            until(poller.has_begun, SECONDS_TO_BEGIN, f"{', '.join(job['name'] for job in jobs)} answer")
            yield poller
        finally:
            try:
                process.communicate(timeout=SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                process.kill()
    assert process.returncode == 0, f"a poller ended with {process.returncode}: {poller.errors()}"


def credentials(kubeconfig: Path, folder: Path) -> tuple[str, dict[str, str]]:
    """The API's URL, and by their kinds the files, written into the folder, that a poller opens it with."""
    content = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
    parts = {
        "ca": [cluster["certificate-authority-data"]],
        "certificate": [user["client-certificate-data"], user["client-key-data"]],
    }
    for name, encoded in parts.items():
        (folder / name).touch(0o600)
        (folder / name).write_bytes(b"".join(map(b64decode, encoded)))
    return cluster["server"], {name: str(folder / name) for name in parts}


def api_jobs(server: str, files: Mapping[str, str]) -> list[dict[str, Any]]:
    """What is asked of the API."""
    often, seldom = SECONDS_BETWEEN_REQUESTS, SECONDS_BETWEEN_CHANGES
    asked = f"{server}/api/v1"
    configmaps = f"{asked}/namespaces/{NAMESPACE}/configmaps"
    return [
        {"kind": "poll", "name": API, "url": f"{asked}/namespaces/default", "every": often, **files},
        {"kind": "watch", "name": "watch", "url": configmaps, "object": "written", "every": seldom, **files},
        {"kind": "cordons", "name": "cordons", "url": f"{asked}/nodes", "every": seldom, **files},
    ]


def service_job(name: str, address: str) -> dict[str, Any]:
    """What is asked of the HTTP service at an address, HOST:PORT."""
    return {"kind": "poll", "name": name, "url": f"http://{address}/hostname", "every": SECONDS_BETWEEN_REQUESTS}


def served_manifest(text: str, versions: Sequence[str]) -> str:
    """web.yaml for an API that serves these versions.

    >>> served_manifest("apiVersion: policy/v1", ["policy/v1beta1"])
    'apiVersion: policy/v1beta1'
    """
    # Up to 1.20 there was no other.
    return text if "policy/v1" in versions else text.replace("policy/v1", "policy/v1beta1")


@contextmanager
def service(lab: Lab) -> Iterator[tuple[str, str]]:
    """The HTTP service while it is available: its cluster IP with its port, and its NodePort."""
    gone = ("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=120s")
    lab.kubectl(*gone)
    with NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as manifest:
        manifest.write(served_manifest(MANIFEST.read_text(encoding="utf-8"), lab.kubectl("api-versions").split()))
        manifest.flush()
        lab.kubectl("apply", "-f", manifest.name)
    try:
        lab.kubectl("-n", NAMESPACE, "rollout", "status", "deployment/web", "--timeout=180s")
        fields = "jsonpath={.spec.clusterIP} {.spec.ports[0].nodePort}"
        address, port = lab.kubectl("-n", NAMESPACE, "get", "service", "web", "-o", fields).split()
        yield f"{address}:80", port
    finally:
        lab.kubectl(*gone, check=False)


def places(topology: Topology) -> tuple[str, tuple[str, ...]]:
    """Names of the host that asks at the cluster IP, and of the nodes that are asked at the NodePort."""
    groups = topology.groups()
    control_planes = [host.name for host in groups["control_plane"]]
    workers = [host.name for host in groups.get("workers", [])]
    return control_planes[-1], tuple(dict.fromkeys([*workers, *control_planes]))[:2]


@contextmanager
def watched(lab: Lab) -> Iterator[Availability]:
    """Have counted what users notice beside what the block does; all of it is gone afterwards, also after an error.

    A host that boots meanwhile is not asked from any more: its boot makes its network anew.
    """
    found = Availability()
    topology = state.current().topology
    within, asked = places(topology)
    nodes = {f"NodePort of {name}": name for name in asked}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        server, files = credentials(KUBECONFIG, folder)
        address, port = stack.enter_context(service(lab))
        outside = [service_job(name, f"{topology.host(node).address}:{port}") for name, node in nodes.items()]
        operator, environment = access.at_operator((), state.current())
        host = ["ip", "netns", "exec", network.namespace(topology.host(within))]
        inside = [service_job(f"cluster IP, from {within}", address)]
        pollers = [
            (operator, [*api_jobs(server, files), *outside], folder / "operator"),
            (host, inside, folder / "host"),
        ]
        started: list[Poller] = []
        stack.callback(lambda: _take(found, started, nodes))
        for where, jobs, output in pollers:
            started.append(stack.enter_context(polling(where, environment, jobs, output)))
        yield found


def _take(found: Availability, pollers: Iterable[Poller], nodes: Mapping[str, str]) -> None:
    """Put what the pollers have told into what the block was given."""
    told = availability_of([line for poller in pollers for line in poller.lines()], nodes)
    found.polled, found.held = told.polled, told.held
