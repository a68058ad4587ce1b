"""``python -m tests.scenarios.newer_release [--line LINE]``: a cluster of EL 7 brought to EL 9, a host at a time.

Each node is taken out by ``removed_nodes``, gets a blank disk with Rocky 9 under its name and address, and joins again
once it is out of the list, as docs/operations.md says; the first control plane, too. The last worker is not taken out
but dies, and is replaced. A client asks the API through the balancer all the time; a request that fails fails this.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.lab import topology
from tests.lab.checks import CONTROL_PLANES, NODES, etcd_members, ready_nodes
from tests.lab.client import Lab
from tests.scenarios.availability import watched
from tests.scenarios.fault_injection.network import wait_until_gone
from tests.scenarios.rollout import heading, markdown, second_run, timed_run

DESCRIPTION: Final = "Bring a cluster of EL 7 to EL 9, a host at a time."
OLD, NEW, ITS_NAME = "centos-7", "rocky-9", "Rocky Linux 9"
SETTINGS: Final = {"base_repositories": "vault"}
DIES: Final = NODES[-1]
COLUMNS: Final = ("host", "how", "seconds until it is out", "seconds until it is back")


def old_hosts(folder: Path) -> Path:
    """A file with the lab's hosts, all of the old release."""
    hosts = (
        f'[hosts.{host.name}]\naddress = "{host.address}"\nflavour = "{OLD}"\ngroups = {json.dumps(host.groups)}\n'
        for host in topology.load(topology.DEFAULT).hosts
    )
    file = folder / "topology.toml"
    file.write_text("\n".join(hosts), encoding="utf-8")
    return file


def reinstalled(lab: Lab, name: str) -> None:
    """The host with a blank disk of the new release."""
    lab.run("power", name, "kill", check=True)
    lab.run("new-disk", name, "--flavour", NEW, check=True)
    lab.run("power", name, "on", check=True)


def moved(lab: Lab, name: str) -> tuple[object, ...]:
    """A node on the new release: the cells of its row."""
    seconds: float | None = None
    if name == DIES:
        reinstalled(lab, name)
        wait_until_gone(lab, name)
    else:
        seconds = timed_run(lab, f"a cluster without {name}", removed_nodes=[name], **SETTINGS)
        assert name not in ready_nodes(lab)
        reinstalled(lab, name)
    back = timed_run(lab, f"{name} on {NEW}", **SETTINGS)
    assert ready_nodes(lab) == sorted(NODES)
    assert sorted(etcd_members(lab)) == sorted(CONTROL_PLANES)
    return name, "died" if seconds is None else "taken out", "-" if seconds is None else round(seconds), round(back)


def releases(lab: Lab) -> list[str]:
    """What nodes say that they run, each once."""
    return sorted(
        {
            node["status"]["nodeInfo"]["osImage"]
            for node in json.loads(lab.kubectl("get", "nodes", "-o", "json"))["items"]
        }
    )


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios.newer_release", description=DESCRIPTION)
    parser.add_argument("--line", default="1.30", help="Kubernetes line that both carry; default %(default)s")
    options = parser.parse_args(arguments)
    with TemporaryDirectory() as folder:
        lab = Lab(topology=str(old_hosts(Path(folder))), options=("--line", options.line))
        lab.up()
        lab.results(**SETTINGS)
        rows = []
        with watched(lab) as found:
            for name in NODES:
                rows.append(moved(lab, name))
                print(markdown(rows[-1]), flush=True)
            second_run(lab, "nodes of another release", **SETTINGS)
            told = releases(lab)
        print(found.table(), *heading(COLUMNS), *map(markdown, rows), sep="\n", flush=True)
        assert len(told) == 1 and told[0].startswith(ITS_NAME), told
        failed, asked = found.api
        assert failed == 0, f"{failed} of {asked} requests of the API failed; the lab is still up"
        lab.run("down", check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
