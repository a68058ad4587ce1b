"""What a simulated run starts from, as plain data that travels to the pyinfra process in a file."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

VARIABLE = "K8S_HA_SCENARIO"
"""Environment variable with the folder that holds scenario.json, world.json (what the hosts hold) and log.jsonl."""

ADDRESSES = {
    "master1": "10.0.11.18",
    "master2": "10.0.12.55",
    "master3": "10.0.13.22",
    "worker1": "10.0.12.16",
    "worker2": "10.0.13.37",
    "master-lb": "10.0.1.157",
}
GROUPS = {
    "control_plane": ["master1", "master2", "master3"],
    "workers": ["worker1", "worker2"],
    "load_balancers": ["master-lb"],
}
SETTINGS = {"kubernetes_version": "1.30.14", "verify_timeout_seconds": 2}


@dataclass(frozen=True)
class Scenario:
    """Hosts, settings and troubles of one simulated cluster.

    + own_operations: how many operations of a user's own a host has before the package's, by host
    + survey: fields that the survey fact prints, in place of the usual ones, by host
    + preflight: lines that the preflight fact prints before the usual ones, by host
    + host_data: more inventory data by host
    + unreachable: hosts that are reached by SSH, at a port where nobody listens
    + answers: (host, text, answer): commands of the host that hold the text get the answer, {success: bool, lines: []};
      with ``echo`` its lines are what the command reads from stdin, with ``acts`` it has its effect
      all the same, and with ``breaks`` the host's API server is down until kubeadm has upgraded it
    + waits: (host, text, other, step): commands of the host that hold the text wait until the other has done the step
    + order: the hosts in the order in which pyinfra takes them up, which is random otherwise
    + check: whether group_data checks the settings, so that a mistake ends the run before connecting
    + available: versions that the repositories have beside the settings' one and the newest of each line
    + day: on which the run is; by default one on which every Kubernetes line lives, so that no finding comes with time
    """

    groups: dict[str, list[str]] = field(default_factory=lambda: GROUPS)
    addresses: dict[str, str] = field(default_factory=lambda: ADDRESSES)
    settings: dict[str, Any] = field(default_factory=lambda: SETTINGS)
    own_operations: dict[str, int] = field(default_factory=dict)
    survey: dict[str, dict[str, str]] = field(default_factory=dict)
    preflight: dict[str, list[str]] = field(default_factory=dict)
    host_data: dict[str, dict[str, Any]] = field(default_factory=dict)
    unreachable: list[str] = field(default_factory=list)
    answers: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    waits: list[tuple[str, str, str, str]] = field(default_factory=list)
    order: Sequence[str] = tuple(ADDRESSES)
    check: bool = True
    available: Sequence[str] = ()
    day: str = "2022-01-01"

    def save(self, folder: Path) -> None:
        (folder / "scenario.json").write_text(json.dumps(asdict(self)), encoding="utf-8")

    def inventory_name(self, host: str) -> str:
        """The host's name in the inventory: the part before the slash chooses the connector."""
        return host if host in self.unreachable else f"@fake/{host}"

    def inventory_host(self, host: str) -> tuple[str, dict[str, Any]]:
        """The host as an inventory file gives it."""
        data: dict[str, Any] = {"k8s_ha_host": {"address": self.addresses[host], "hostname": host}}
        if host in self.unreachable:
            data |= {"ssh_hostname": "127.0.0.1", "ssh_port": 1}
        return self.inventory_name(host), data | self.host_data.get(host, {})


def folder() -> Path:
    """The folder of this process's scenario."""
    return Path(os.environ[VARIABLE])


def current() -> Scenario:
    """The scenario that this process runs in."""
    return Scenario(**json.loads((folder() / "scenario.json").read_text(encoding="utf-8")))
