"""What a step does on a node that gets another container runtime: from Docker to containerd."""

from __future__ import annotations

import shlex
from collections.abc import Generator
from typing import Final

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.catalog.control_plane import kubectl
from k8s_ha.cluster_state.plan import no_leader
from k8s_ha.desired.kubeadm_config import cri_socket
from k8s_ha.facts.kubelet_runtime import KubeletRuntime
from k8s_ha.operations.cluster import observe_leader
from k8s_ha.operations.commands import fail_host, long_command, planned, run_elsewhere
from k8s_ha.operations.drain import node_drained
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.restarts import gate
from k8s_ha.resources import read_file, shell_variables
from k8s_ha.run import Run, is_executing

SECONDS_TO_MOVE: Final = 600
"""How long a node's containers may take to end, each of them half a minute at most."""

_REMOTE_UNTIL: Final = 23
"""The last minor whose kubelet takes its runtime for Docker unless it is told that it is a remote one."""

_NOTED_UNTIL: Final = 33
"""The last minor whose kubeadm reads the socket from an annotation of the node (KEP-4656)."""


@isolated_operation
def emptied(run: Run) -> Generator[StringCommand]:
    """Have no pod on this node but DaemonSets' and static ones, where its kubelet speaks to another runtime."""
    own = run.cluster.host(host.name)
    if not is_executing():
        yield planned(f"kubectl drain {own.hostname}")
        return
    gate(run).out.add(host.name)
    if _has_moved(run):
        host.noop("its kubelet speaks to containerd")
        return
    yield from node_drained(run, own, observe_leader(run))


@isolated_operation
def docker_left(run: Run) -> Generator[StringCommand]:
    """Have the kubelet stopped, none of its containers in Docker, and Docker off.

    The cluster's Node names the new socket before, as kubeadm reads it there: without this host it may have no API.
    """
    if not is_executing():
        yield planned("systemctl stop kubelet docker")
        return
    if _has_moved(run):
        host.noop("its kubelet speaks to containerd")
        return
    if run.cluster.settings.kubernetes_line.minor <= _NOTED_UNTIL:
        snapshot = observe_leader(run)
        own, leader = run.cluster.host(host.name), snapshot.leader
        if leader is None:
            yield fail_host(no_leader(snapshot, f"{own.hostname} was not moved to containerd"))
            return
        socket = f"kubeadm.alpha.kubernetes.io/cri-socket={cri_socket(run.cluster)}"
        note = f"annotate node {shlex.quote(own.hostname)} {socket} --overwrite"
        said = run_elsewhere(host.inventory.get_host(leader.name), StringCommand(kubectl(leader.address, note)))
        if said is not None:
            yield fail_host(said)
            return
    yield _moved("leave")


@isolated_operation
def containerd_entered(run: Run) -> Generator[StringCommand]:
    """Have the kubelet run and speak to containerd."""
    if not is_executing():
        yield planned("systemctl start kubelet")
        return
    told = require_fact(KubeletRuntime)
    if told.cri == run.cluster.cri and told.is_active:
        host.noop("its kubelet speaks to containerd")
        return
    minor = run.cluster.settings.kubernetes_line.minor
    yield _moved("enter", SOCKET=cri_socket(run.cluster), REMOTE="yes" if minor <= _REMOTE_UNTIL else "")


def _has_moved(run: Run) -> bool:
    return require_fact(KubeletRuntime).cri == run.cluster.cri


def _moved(action: str, **values: str) -> StringCommand:
    given = {"HOST": host.name, "ACTION": action, "SOCKET": "", "REMOTE": "", **values}
    script = shell_variables(given) + read_file("docker-others.sh") + read_file("move-runtime.sh")
    return long_command("move-runtime", script, seconds=SECONDS_TO_MOVE, lock="kubeadm")
