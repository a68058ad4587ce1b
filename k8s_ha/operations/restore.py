"""A control plane restored from a backup, stage by stage: none begins before all have come to the one before it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final

from pyinfra import host, logger
from pyinfra.api import StringCommand

from k8s_ha.backup_source import BackupSource
from k8s_ha.catalog.control_plane import kubectl
from k8s_ha.desired.kubeadm_config import rebuilt_config
from k8s_ha.facts.node import Node
from k8s_ha.facts.restore import Restoring
from k8s_ha.facts.system import Files
from k8s_ha.observations.restoring import RestoreMark, Stage
from k8s_ha.operations.cluster import SECONDS_TO_SERVE, observe
from k8s_ha.operations.commands import (
    fail_host,
    long_command,
    path_of_this_run,
    planned,
    poll_until,
    read_of_hosts,
    write,
)
from k8s_ha.operations.etcd_snapshot import LOG as SNAPSHOT
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.preflight_checks.restore import peer_url
from k8s_ha.resources import read_file, shell_variables
from k8s_ha.run import Run, is_executing

SECONDS_TO_RESTORE: Final = 1800
SECONDS_TO_STOP: Final = 180

SENTENCES: Final = {
    Stage.BEGUN: "the restore is noted on the host",
    Stage.TRIED: "the snapshot is restored beside what etcd holds",
    Stage.SILENT: "API server, controller manager and scheduler stop: the cluster takes no requests from here on",
    Stage.STOPPED: "etcd stops",
    Stage.REPLACED: "etcd's data is moved aside, and the backup's takes its place",
    Stage.MEMBER: "etcd starts, and its members come to one revision",
    Stage.SERVING: "the API server starts",
    Stage.MANAGED: "controller manager and scheduler start",
}
"""What each stage does, as people read it."""

_CONTROLLERS: Final = "kube-controller-manager kube-scheduler"


@dataclass
class Restoration:
    """The restore of a run.

    + is_asked: whether the run is one, so that marks of it keep nothing from changing
    + source: the backup; None before it was opened
    + mark: of this restore, as each control plane has it, without the stage; None before it was decided
    """

    is_asked: bool = False
    source: BackupSource | None = None
    mark: RestoreMark | None = None

    @property
    def decided(self) -> tuple[BackupSource, RestoreMark]:
        """Both, for whoever comes behind the decision."""
        assert self.source is not None and self.mark is not None
        return self.source, self.mark


@isolated_operation
def restore_advanced(run: Run, stage: Stage) -> Generator[StringCommand]:
    """Have this control plane come to a stage of the restore, once all of them have come to the one before it."""
    if not is_executing():
        yield planned(SENTENCES[stage])
        return
    source, mark = run.part(Restoration).decided
    if stage is not Stage.BEGUN and (failure := failed_behind(run, Stage(stage - 1))):
        yield failure
        return
    if stage is Stage.SILENT:
        source.forget()
    if not behind_in(run, stage, own=True):
        host.noop("this control plane has come so far")
        return
    # What a backup by schedule does in etcd's folder must have ended.
    lock = SNAPSHOT if stage in (Stage.TRIED, Stage.REPLACED) else "kubeadm"
    yield long_command(f"restore-{stage.name.lower()}", _script(run, stage), seconds=_SECONDS[stage], lock=lock)
    if stage is Stage.REPLACED and not mark.is_lost:
        logger.info(
            f"{host.name}: what etcd held lies in /var/lib/etcd.before-restore-{mark.moment}, or where its log says"
        )


_SECONDS: Final = {
    Stage.BEGUN: 60,
    Stage.TRIED: SECONDS_TO_RESTORE,
    Stage.SILENT: 4 * SECONDS_TO_STOP,
    Stage.STOPPED: 2 * SECONDS_TO_STOP,
    Stage.REPLACED: 300,
    Stage.MEMBER: 3 * SECONDS_TO_SERVE,
    Stage.SERVING: 2 * SECONDS_TO_SERVE,
    Stage.MANAGED: 3 * SECONDS_TO_SERVE,
}
"""How long the command of a stage may take."""


def _script(run: Run, stage: Stage) -> str:
    source, mark = run.part(Restoration).decided
    own, cluster = run.cluster.host(host.name), run.cluster
    peers = [(entry.hostname, peer_url(entry)) for entry in cluster.control_planes]
    values = {
        "HOST": own.name,
        "ADDRESS": own.address,
        "RUNTIME": _runtime(run),
        "MARK": mark.line,
        "MOMENT": mark.moment,
        "STAGE": stage.name.lower(),
        "LIMIT": str(SECONDS_TO_STOP if stage in (Stage.SILENT, Stage.STOPPED) else SECONDS_TO_SERVE),
    }
    tried = {
        "ETCD": source.descriptor.etcd_minor,
        "NODE": own.hostname,
        "PEER": peer_url(own),
        "MEMBERS": ",".join(f"{name}={url}" for name, url in peers),
        "TOKEN": mark.token,
        "SHA256": source.descriptor.snapshot_sha256,
        "REVISION": str(source.descriptor.revision),
    }
    more, files = {
        Stage.BEGUN: ({}, ("restore-begin.sh",)),
        Stage.TRIED: (tried, ("restore-try.sh",)),
        Stage.SILENT: ({"COMPONENTS": f"kube-apiserver {_CONTROLLERS}"}, ("restore-stop.sh",)),
        Stage.STOPPED: ({"COMPONENTS": "etcd"}, ("restore-stop.sh",)),
        Stage.REPLACED: ({}, ("restore-replace.sh",)),
        Stage.MEMBER: (
            {"COMPONENTS": "etcd", "PEERS": " ".join(entry.address for entry in cluster.control_planes)},
            ("restore-start.sh",),
        ),
        Stage.SERVING: ({"COMPONENTS": "kube-apiserver", "PEERS": ""}, ("restore-start.sh",)),
        Stage.MANAGED: ({"COMPONENTS": _CONTROLLERS, "PEERS": ""}, ("restore-start.sh",)),
    }[stage]
    # The last to define refuse is the one that a script calls.
    before = ("json-field.sh", "facts/etcd.sh", "copied.sh", "static-pod.sh", "restore-mark.sh")
    return shell_variables(values | more) + "".join(map(read_file, (*before, *files)))


def _runtime(run: Run) -> str:
    """What runs the containers there now."""
    survey = run.surveys.get(host.name)
    if survey is None or survey.cri is None:
        return run.cluster.settings.container_runtime
    return "containerd" if survey.cri == "containerd" else "docker"


def behind_in(run: Run, stage: Stage, own: bool = False) -> list[str]:
    """Control planes that have not come to a stage, by inventory name.

    + own: whether this one alone is asked

    One without a mark has come to the end where another one has come to the last stage.
    """
    wanted = run.part(Restoration).decided[1].line
    read = read_of_hosts(Restoring, run.cluster.control_planes)
    ended = any(mark.line == wanted and mark.stage is Stage.MANAGED for marks in read.values() for mark in marks or ())
    behind = [
        name
        for name, marks in read.items()
        if marks is None
        or (not marks and not ended)
        or any(mark.line != wanted or mark.stage < stage for mark in marks)
    ]
    return [name for name in behind if name == host.name or not own]


def failed_behind(run: Run, stage: Stage) -> StringCommand | None:
    """What fails the current host where a control plane has not come to a stage; None where all have."""
    behind = behind_in(run, stage)
    if not behind:
        return None
    return fail_host(
        f"{host.name}: the restore does not go on: {', '.join(behind)} did not come to the stage before; see the error "
        "above, then run k8s_ha.restore again."
    )


def restored_config(run: Run) -> str:
    """kubeadm's file for the current host, which is made a control plane anew."""
    own = run.cluster.host(host.name)
    return rebuilt_config(run.cluster, own, caveats=run.caveats(own.name), anywhere=run.caveats_anywhere)


@isolated_operation
def pods_listed_anew(run: Run) -> Generator[StringCommand]:
    """Have this node's kubelet list its pods anew: what it ran after the backup ends, what it had before comes back."""
    if not is_executing():
        yield planned("systemctl restart kubelet")
        return
    if not require_fact(Files, paths=["/etc/kubernetes/kubelet.conf"]):
        host.noop("the host is no node yet")
        return
    if failure := failed_behind(run, Stage.MANAGED):
        yield failure
        return
    own, finalize = run.cluster.host(host.name), ""
    if run.part(Restoration).decided[1].is_lost and "control_plane" in own.role:
        finalize = path_of_this_run("restore")
        yield write(finalize, restored_config(run), "600")
    script = shell_variables({"HOST": own.name, "FINALIZE": finalize})
    script += read_file("kubelet-is-up.sh") + read_file("restore-kubelet.sh")
    yield long_command("restore-kubelet", script, seconds=SECONDS_TO_SERVE, lock="kubeadm")


@isolated_operation
def watchers_restarted(run: Run) -> Generator[StringCommand]:
    """Have kube-proxy, flannel and CoreDNS started anew, all of which watch the API and may hold what is no more."""
    if not is_executing():
        yield planned("kubectl delete pods")
        return
    if failure := failed_behind(run, Stage.MANAGED):
        yield failure
        return
    address = run.cluster.host(host.name).address
    for namespace, label in _WATCHERS:
        yield StringCommand(kubectl(address, f"-n {namespace} delete pods -l {label} --wait=false --ignore-not-found"))


_WATCHERS: Final = (
    ("kube-system", "k8s-app=kube-proxy"),
    ("kube-flannel", "app=flannel"),
    ("kube-system", "k8s-app=kube-dns"),
)
"""Namespaces and labels of pods of kubeadm's and this package's own."""


@isolated_operation
def former_nodes_silent(run: Run) -> Generator[StringCommand]:
    """Have the cluster seen that the nodes of clean hosts are not Ready: before that nobody joins under their names."""
    if not is_executing():
        return
    if failure := failed_behind(run, Stage.MANAGED):
        yield failure
        return

    def ready() -> list[str]:
        views = read_of_hosts(Node, run.cluster.workers)
        clean = {entry.hostname for entry in run.cluster.workers if (view := views[entry.name]) and not view.artifacts}
        leader = observe(run, fresh=True).leader_view
        if leader is None:
            return sorted(clean)
        return sorted(node.name for node in leader.nodes if node.ready and node.name in clean)

    left = poll_until(ready, lambda names: not names, SECONDS_TO_SERVE)
    if left:
        yield fail_host(
            f"{host.name}: the cluster still has {', '.join(left)} as Ready, and their hosts are clean; see "
            "`kubectl get nodes` there, then run k8s_ha.restore again."
        )
        return
    host.noop("no clean host has a Ready node")


@isolated_operation
def restore_ended(run: Run) -> Generator[StringCommand]:
    """Have this control plane hold no mark of the restore any more, once all have come to its last stage."""
    if not is_executing():
        yield planned("the restore is over")
        return
    if failure := failed_behind(run, Stage.MANAGED):
        yield failure
        return
    values = {"HOST": host.name, "MARK": run.part(Restoration).decided[1].line}
    script = shell_variables(values) + "".join(map(read_file, ("copied.sh", "restore-mark.sh", "restore-end.sh")))
    yield long_command("restore-end", script, seconds=120, lock="kubeadm")
