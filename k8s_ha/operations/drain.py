"""Commands that cordon, drain and uncordon a node, and wait for it; each runs on the cluster's leader, for any node."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Final

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.catalog.control_plane import kubectl_words
from k8s_ha.cluster_state.drains import SECONDS_FOR_A_DRAIN, drain_seconds, evicts
from k8s_ha.cluster_state.plan import no_leader
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.facts.drains import Drains
from k8s_ha.observations.drains import DrainObservation
from k8s_ha.operations.commands import fail_host, long_command, read_fact, run_elsewhere
from k8s_ha.resources import read_file, shell_variables
from k8s_ha.run import Run
from k8s_ha.settings import HostSettings

SECONDS_FOR_A_NODE: Final = 300
"""How long a node, the pods of its DaemonSets and what was evicted may take to be Ready again."""

SECONDS_FOR_VOLUMES: Final = 300
"""How long the volumes of pods that have gone may stay attached."""

SECONDS_TO_LEAD: Final = 120
"""How long a kube-controller-manager may take to lead, where the one that led has gone; its lease has 15 seconds."""

_SECONDS_FOR_REQUESTS: Final = 240
"""What a script's own requests may take beside what it waits for, so that it comes to its sentence."""


def drain_commands(
    node: HostSettings, leader: HostSettings, evicts: Sequence[str] = (), seconds: int = SECONDS_FOR_A_DRAIN
) -> StringCommand:
    """Cordon a node and drain it; where that fails, its own cordon is lifted and the leader's step fails.

    + evicts: more flags of ``kubectl drain``, for what was accepted (``cluster_state.drains.evicts``)
    + seconds: how long its pods may take to go
    """
    values = {
        "SECONDS_ALLOWED": str(seconds),
        "EVICTS": " ".join(evicts),
        "SECONDS_TO_LEAD": str(SECONDS_TO_LEAD),
    }
    scripts = ("cordon.sh", "node-workloads.sh", "drain-node.sh")
    return _command("drain", node, leader, values, scripts, seconds + SECONDS_TO_LEAD)


def uncordon_commands(node: HostSettings, leader: HostSettings) -> StringCommand:
    """Lift the cordon that this package set on a node; nobody else's."""
    return _command("uncordon", node, leader, {}, ("cordon.sh", "uncordon-node.sh"), 0)


def await_commands(
    node: HostSettings,
    leader: HostSettings,
    version: str = "",
    runtime: str = "",
    workloads: bool = True,
    seconds: int = SECONDS_FOR_A_NODE,
) -> StringCommand:
    """Wait until a node is Ready with its DaemonSets' pods, and what was evicted from it is available again.

    + version, runtime: what its kubelet must report, such as ``v1.34.11`` and ``containerd``; empty for any
    + workloads: False while the node is cordoned, where they may have no place yet
    + seconds: how long all of it may take
    """
    wanted = {"VERSION": version, "RUNTIME": runtime, "WORKLOADS": "yes" if workloads else ""}
    values = {"SECONDS_ALLOWED": str(seconds), **wanted}
    return _command("await", node, leader, values, ("cordon.sh", "node-workloads.sh", "await-node.sh"), seconds)


def detach_commands(node: HostSettings, leader: HostSettings, seconds: int = SECONDS_FOR_VOLUMES) -> StringCommand:
    """Wait until no volume is attached to a node that was drained.

    + seconds: how long that may take
    """
    values = {"SECONDS_ALLOWED": str(seconds)}
    return _command("detach", node, leader, values, ("cordon.sh", "node-workloads.sh", "await-detached.sh"), seconds)


def _command(
    name: str,
    node: HostSettings,
    leader: HostSettings,
    values: dict[str, str],
    scripts: Sequence[str],
    seconds: int,
) -> StringCommand:
    """They exclude each other, so that no drain goes on while another run takes the node back."""
    given = {"NODE": node.hostname, "HOST": node.name, "KUBECTL": kubectl_words(leader.address), **values}
    return long_command(
        f"{name}-{node.hostname}",
        shell_variables(given) + "".join(map(read_file, scripts)),
        seconds=seconds + _SECONDS_FOR_REQUESTS,
        lock=f"drain-{node.hostname}",
        on=leader.name,
    )


def node_drained(run: Run, node: HostSettings, snapshot: ClusterSnapshot) -> Generator[StringCommand]:
    """Drain a node from the leader; where that fails, or there is none, the current host does, with its words."""
    leader = snapshot.leader
    if leader is None:
        yield fail_host(no_leader(snapshot, f"{node.hostname} was not drained"))
        return
    # What runs there may be other than before the first step; where that is not told, nothing is accepted.
    told = read_fact(host.inventory.get_host(leader.name), Drains, address=leader.address) or DrainObservation()
    accepted = evicts(told, node, run.cluster.settings.accepted_risks)
    yield from on_leader(leader, drain_commands(node, leader, accepted, drain_seconds(told, node)))


def on_leader(leader: HostSettings, *commands: StringCommand) -> Generator[StringCommand]:
    """Run them on the leader, one after the other; the current host fails with the words of the first that fails."""
    target = host.inventory.get_host(leader.name)
    for command in commands:
        said = run_elsewhere(target, command)
        if said is not None:
            yield fail_host(said)
            return
    yield StringCommand("true")
