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
from k8s_ha.operations.commands import fail_host, long_command, planned
from k8s_ha.operations.drain import node_drained, on_leader
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.restarts import gate
from k8s_ha.resources import read_file, shell_variables
from k8s_ha.run import Run, is_executing

SECONDS_TO_MOVE: Final = 600
"""How long a node's containers may take to end, each of them half a minute at most."""

_REMOTE_UNTIL: Final = 26
"""The last minor whose kubelet is told that its runtime is a remote one (kubernetes.io: Change the runtime)."""

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
    """Have the kubelet stopped and no container of Kubernetes in Docker, which ends where it has no other."""
    if not is_executing():
        yield planned("systemctl stop kubelet docker")
    elif _has_moved(run):
        host.noop("its kubelet speaks to containerd")
    else:
        yield _moved("leave")


@isolated_operation
def containerd_entered(run: Run) -> Generator[StringCommand]:
    """Have the kubelet run and speak to containerd; the cluster's Node is told so, as kubeadm reads it there."""
    if not is_executing():
        yield planned("systemctl start kubelet")
        return
    if _has_moved(run):
        host.noop("its kubelet speaks to containerd")
        return
    minor, socket = run.cluster.settings.kubernetes_line.minor, cri_socket(run.cluster)
    if minor <= _NOTED_UNTIL:
        snapshot = observe_leader(run)
        own, leader = run.cluster.host(host.name), snapshot.leader
        if leader is None:
            yield fail_host(no_leader(snapshot, f"{own.hostname} was not moved to containerd"))
            return
        note = f"annotate node {shlex.quote(own.hostname)} kubeadm.alpha.kubernetes.io/cri-socket={socket} --overwrite"
        yield from on_leader(leader, StringCommand(kubectl(leader.address, note)))
    yield _moved("enter", SOCKET=socket, REMOTE="yes" if minor <= _REMOTE_UNTIL else "")


def _has_moved(run: Run) -> bool:
    return require_fact(KubeletRuntime) == run.cluster.cri


def _moved(action: str, **values: str) -> StringCommand:
    given = {"HOST": host.name, "ACTION": action, "SOCKET": "", "REMOTE": "", **values}
    script = shell_variables(given) + read_file("move-runtime.sh")
    return long_command("move-runtime", script, seconds=SECONDS_TO_MOVE, lock="kubeadm")
