"""What the steps of an upgrade do on their hosts."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping
from typing import Final

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.catalog.control_plane import kubectl
from k8s_ha.catalog.upgrades import etcd_floor
from k8s_ha.cluster_state.change_plan import VERSIONED, is_at
from k8s_ha.cluster_state.plan import no_leader
from k8s_ha.desired.yum import Repository, matches
from k8s_ha.facts.fact_batch import FactRequest
from k8s_ha.facts.node import UPGRADE_MARKER, Node
from k8s_ha.facts.system import KubeletProcess, Packages
from k8s_ha.operations.cluster import observe_leader
from k8s_ha.operations.commands import (
    fail_host,
    long_command,
    planned,
    poll_until,
    read_fact,
    read_of_hosts,
    write,
)
from k8s_ha.operations.drain import await_commands, node_drained, on_leader, uncordon_commands
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.kubeadm.init import PULL, SECONDS_FOR_IMAGES
from k8s_ha.operations.packages import require_packages, specs, without_excludes
from k8s_ha.operations.prefetch import reads
from k8s_ha.operations.restarts import gate
from k8s_ha.operations.steps import SECONDS_TO_SERVE
from k8s_ha.resources import read_file, shell_variables
from k8s_ha.run import Run, is_executing
from k8s_ha.settings import HostSettings

SECONDS_FOR_UPGRADE: Final = 1200
"""kubeadm waits five minutes for each of four static pods."""

_MANIFESTS: Final = "/etc/kubernetes/manifests"


@reads(lambda run, packages, **_: [FactRequest(Packages, {"names": sorted(packages)})])
@isolated_operation
def fetched(
    run: Run, packages: Mapping[str, str], images: Collection[str], sources: Collection[Repository], repositories: str
) -> Generator[StringCommand]:
    """Have what a version needs lie on this host before its first step; nothing is installed.

    + run: at that version
    + packages: shell pattern of the version by name
    + sources: the repositories that have them, of the file ``repositories``
    """
    version = run.cluster.settings.version
    found = require_packages(sorted(packages)).installed
    missing = {name: pattern for name, pattern in packages.items() if not matches(found.get(name), pattern)}
    folder = f"/var/lib/k8s-ha/fetched-{version}"
    values = {
        "HOST": host.name,
        "FOLDER": folder,
        "OPTIONS": without_excludes(sources),
        "SPECS": specs(missing),
        "IMAGES": " ".join(images),
        "PULL": PULL[run.cluster.settings.container_runtime],
    }
    yield write(f"{folder}/repos/k8s-ha.repo", repositories, "600")
    script = "set -f\n" + shell_variables(values) + read_file("fetch-version.sh")
    yield long_command("fetch-version", script, seconds=SECONDS_FOR_IMAGES, lock="packages")
    yield StringCommand("rm", "-rf", folder)


@isolated_operation
def control_plane_upgraded(run: Run, apply: bool) -> Generator[StringCommand]:
    """Have this control plane's static pods at the run's version, and serve with a healthy etcd member.

    + run: at that version
    + apply: whether it is the one that upgrades add-ons, and what the cluster keeps of its configuration, too
    """
    version, own = run.cluster.settings.version, run.cluster.host(host.name)
    command = f"upgrade apply v{version} --yes" if apply else "upgrade node"
    if not is_executing():
        yield planned(f"kubeadm {command}")
        return
    reason = _etcd_too_old(run) if apply else None
    if reason is not None:
        yield fail_host(reason)
        return
    yield long_command(
        "kubeadm-upgrade",
        f"mkdir -p -m 755 /var/lib/k8s-ha && dd if=/dev/null of={UPGRADE_MARKER} conv=fsync status=none && "
        f"kubeadm {command}{_ignored(run)} && rm -f {UPGRADE_MARKER}",
        seconds=SECONDS_FOR_UPGRADE,
        unless=_is_upgraded(own.address, version, apply),
        lock="kubeadm",
    )
    yield from serving_again(own, "its upgrade")


def _etcd_too_old(run: Run) -> str | None:
    """Why etcd, as it runs now, must not come to this minor; the hop before it may have brought too old a one."""
    floor = etcd_floor(run.cluster.settings.kubernetes_line.minor)
    if floor is None:
        return None
    for name, view in read_of_hosts(Node, run.cluster.control_planes, standing=True).items():
        version = view.etcd_version if view is not None else ""
        if floor.judge(version) in ("refused", "unknown"):
            least = ".".join(map(str, floor.refused_below))
            return (
                f"{name}: its etcd runs {version or 'what it did not tell'}, and Kubernetes 1.{floor.minor} needs "
                f"{least} at least: {floor.reason}; bring every member to that first, then run this again."
            )
    return None


def _ignored(run: Run) -> str:
    """What kubeadm's preflight would refuse and the user has accepted by name."""
    return " --ignore-preflight-errors=SystemVerification" if "SystemVerification" in run.caveats(host.name) else ""


def _is_upgraded(address: str, version: str, apply: bool) -> str:
    """Shell test: kubeadm has nothing left to do here."""
    tests = [f"[ ! -e {UPGRADE_MARKER} ]"]
    tests += [f"grep -q 'image: .*/{component}:v{version}$' {_MANIFESTS}/{component}.yaml" for component in VERSIONED]
    if apply:
        kept = kubectl(
            address, "-n kube-system get configmap kubeadm-config -o jsonpath='{.data.ClusterConfiguration}'"
        )
        tests.append(f"{kept} | grep -q '^kubernetesVersion: v{version}$'")
    return " && ".join(tests)


def serving_again(own: HostSettings, event: str) -> Generator[StringCommand]:
    """Wait until a control plane serves with a healthy etcd member; what fails the current host where it does not."""
    if not poll_until(lambda: _serves_twice(own.address), bool, SECONDS_TO_SERVE):
        yield fail_host(
            f"{host.name}: its API server, or its etcd member, is not ready {SECONDS_TO_SERVE} seconds after {event}; "
            "see `crictl ps -a` and its containers' logs there, then run this again."
        )


def _serves_twice(address: str) -> bool:
    """Whether it serves now and a moment later: a server that restarts may answer once."""
    return all(_serves(address) for _ in range(2))


def _serves(address: str) -> bool:
    view = read_fact(host, Node, address=address)
    return view is not None and view.ready and view.etcd_healthy is True


@isolated_operation
def node_configured(run: Run) -> Generator[StringCommand]:
    """Have kubeadm write what a worker's kubelet of the run's version is to read, until that one runs.

    The kubelet's package tells nothing: somebody may have installed it alone.
    """
    if not is_executing():
        yield planned("kubeadm upgrade node")
        return
    if is_at(observe_leader(run), run.cluster.host(host.name), run.cluster.settings.version):
        host.noop("its kubelet is of this version")
        return
    yield long_command(
        "kubeadm-upgrade", f"kubeadm upgrade node{_ignored(run)}", seconds=SECONDS_FOR_UPGRADE, lock="kubeadm"
    )


@reads(lambda pattern: [FactRequest(Packages, {"names": ["containerd.io"]})])
@isolated_operation
def sandboxes_removed(pattern: str) -> Generator[StringCommand]:
    """Have no pod sandbox left where containerd is replaced by another major version, on a node that is drained.

    What the old one made keeps rules for host ports that the new one does not know (KubeMarine's containerd upgrade).

    + pattern: shell pattern of the version to come
    """
    installed = require_packages(["containerd.io"]).installed.get("containerd.io")
    if installed is None or matches(installed, pattern):
        host.noop("containerd stays")
        return
    yield StringCommand("systemctl stop kubelet.service && timeout 300 crictl rmp -f -a >/dev/null")


@reads(lambda: [FactRequest(KubeletProcess, {})])
@isolated_operation
def kubelet_restarted() -> Generator[StringCommand]:
    """Have the kubelet run as the program that is installed."""
    if require_fact(KubeletProcess):
        host.noop("it is the installed one")
        return
    why = "{ journalctl -q -u kubelet -n 10 --no-pager -o cat >&2; false; }"
    yield StringCommand(f"systemctl daemon-reload && systemctl restart kubelet.service || {why}")


@isolated_operation
def drained(run: Run) -> Generator[StringCommand]:
    """Have no pod on this node but DaemonSets' and static ones, where its kubelet is not of the run's version yet.

    A control plane that serves does it. The cordon is noted on the node, so that a later run lifts it.
    """
    own, version = run.cluster.host(host.name), run.cluster.settings.version
    if not is_executing():
        yield planned(f"kubectl drain {own.hostname}")
        return
    gate(run).out.add(host.name)
    snapshot = observe_leader(run)
    if is_at(snapshot, own, version):
        host.noop("its kubelet is of this version")
    else:
        yield from node_drained(run, own, snapshot)


@isolated_operation
def returned(run: Run) -> Generator[StringCommand]:
    """Have this node Ready at the run's version and runtime, take pods again, and its workloads available."""
    own, version = run.cluster.host(host.name), run.cluster.settings.version
    if not is_executing():
        yield planned(f"kubectl uncordon {own.hostname}")
        return
    # Another kubelet, or another runtime, may have begun its static pods anew.
    if "control_plane" in own.role:
        failed = [*serving_again(own, "its kubelet was upgraded")]
        yield from failed
        if failed:
            return
    snapshot = observe_leader(run)
    leader = snapshot.leader
    if leader is None:
        yield fail_host(no_leader(snapshot, f"{own.hostname} was not uncordoned"))
        return
    runtime = run.cluster.settings.container_runtime
    yield from on_leader(
        leader,
        await_commands(own, leader, f"v{version}", runtime, workloads=False),
        uncordon_commands(own, leader),
        await_commands(own, leader, f"v{version}", runtime),
    )
    gate(run).out.discard(host.name)
