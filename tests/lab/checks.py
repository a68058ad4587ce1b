"""What holds for every cluster that the lab builds, whatever it is made of."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from typing import Any

from tests.lab.client import KUBECONFIG, SECONDS_FOR_A_WATCH, Lab, until
from tests.lab.odd.drifts import Drift

CONTROL_PLANES = ("master1", "master2", "master3")
WORKERS = ("worker1", "worker2")
NODES = (*CONTROL_PLANES, *WORKERS)
HOSTS = (*NODES, "master-lb")
ENDPOINT = "10.0.1.157:6443"

PKI = "/etc/kubernetes/pki/etcd"
ETCDCTL = (
    *("-n", "kube-system", "exec", "etcd-master1", "--", "etcdctl"),
    *(f"--cacert={PKI}/ca.crt", f"--cert={PKI}/server.crt", f"--key={PKI}/server.key"),
)


def ready_nodes(lab: Lab) -> list[str]:
    """Names of the nodes that are Ready, sorted; empty where nobody answers."""
    listing = lab.kubectl("get", "nodes", "--no-headers", check=False)
    return sorted(line.split()[0] for line in listing.splitlines() if line.split()[1] == "Ready")


def check_every_pod_of_the_road(lab: Lab) -> None:
    """The document's section 4.10: these pods, all of them running."""
    pods = [
        (line.split()[1], line.split()[2], line.split()[3])
        for line in lab.kubectl("get", "pods", "-A", "--no-headers").splitlines()
    ]
    assert all(ready == "1/1" and phase == "Running" for _, ready, phase in pods), pods
    names = [name for name, _, _ in pods]
    for component in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"):
        assert {f"{component}-{control_plane}" for control_plane in CONTROL_PLANES} <= set(names)
    for prefix, count in {"coredns-": 2, "kube-proxy-": 5, "kube-flannel-ds-": 5}.items():
        assert sum(name.startswith(prefix) for name in names) == count


def check_a_second_run_changes_nothing(lab: Lab) -> None:
    """No operation has a change on any of the six hosts, and no host differs afterwards."""
    before = lab.digest()
    results = lab.results()
    assert {key: results["totals"][key] for key in ("success", "error")} == {"success": 0, "error": 0}
    hosts = {name for operation in results["operations"] for name in operation["no_change"]}
    assert hosts == {*NODES, "master-lb"}
    assert not lab.digest() ^ before


def check_drift(lab: Lab, drift: Drift) -> None:
    """What a run makes of a service that somebody has changed, and that the cluster is as before afterwards."""
    lab.host(drift.host, drift.make)
    try:
        if drift.refused:
            run = lab.pyinfra("-y", **drift.settings)
            assert run.returncode == 1
            assert "".join(drift.refused.split()) in "".join(run.stderr.split()), run.stderr
        else:
            assert changed_by(lab.results(**drift.settings)) == {drift.operation}
        lab.host(drift.host, drift.holds)
        if not drift.refused:
            check_a_second_run_changes_nothing(lab)
    finally:
        lab.host(drift.host, drift.undo)
    lab.results()


def check_a_boot(lab: Lab, node: str, runtime: str, selinux: str) -> None:
    """A node comes back from a boot as the run left it: what holds then is no work for the next run.

    + selinux: the mode, as getenforce says it
    """
    lab.run("power", node, "reboot", check=True)
    until(lambda: ready_nodes(lab) == sorted(NODES), SECONDS_FOR_A_WATCH, "all nodes are Ready")
    lab.host(
        node,
        f'[ "$(hostname)" = {node} ] && [ "$(tail -n +2 /proc/swaps)" = "" ] && '
        '[ "$(sysctl -n net.ipv4.ip_forward net.bridge.bridge-nf-call-iptables | tr -d "\n")" = 11 ] && '
        f"systemctl is-active chronyd {runtime} kubelet && ! systemctl -q is-enabled swap.target && "
        f'[ "$(getenforce)" = {selinux} ]',
    )
    # Pods are still on their way, so a digest of the hosts would differ by itself.
    results = lab.results()
    assert (changed_by(results), results["totals"]["error"]) == (set(), 0)


def changed_by(results: Mapping[str, Any]) -> set[str]:
    """Names of the operations that changed something, without their phase's."""
    return {operation["name"].rpartition(" | ")[2] for operation in results["operations"] if operation["success"]}


def check_refused_beside_another_run(run: subprocess.CompletedProcess[str]) -> None:
    """The second of two operators changed nothing and was told why, once a host."""
    assert run.returncode == 1
    printed = " ".join(run.stderr.split())
    assert "nothing was changed: another run (process " in printed, run.stderr
    assert ") is at work on master1; run this again when it has ended" in printed, run.stderr
    assert "--> Report: Refused, nothing was changed" in printed, run.stderr
    assert "Traceback" not in printed, run.stderr


def check_kubectl_on_the_admin_host(lab: Lab) -> None:
    """The document's own last command, on its own host."""
    assert "kube-apiserver-master1" in lab.host("master-lb", "kubectl get pod -A")
    assert lab.host("master-lb", "stat -c %a /root/.kube/config").strip() == "600"


def pulls(lab: Lab, image: str) -> set[str]:
    """The registry names that hosts asked for a manifest of ``image``, from the registry's own access log."""
    return {asked for asked, path in lab.registry_requests() if path.startswith(f"/v2/{image}/manifests/")}


def answered(lab: Lab, *arguments: str) -> str:
    """kubectl's output, asked for again while API servers still hold connections to an etcd that was away."""
    runs = [lab.operator("kubectl", "--kubeconfig", str(KUBECONFIG), *arguments)]

    def done() -> bool:
        if runs[-1].returncode:
            runs.append(lab.operator("kubectl", "--kubeconfig", str(KUBECONFIG), *arguments))
        return runs[-1].returncode == 0

    until(done, 60, f"kubectl {' '.join(arguments)}")
    return runs[-1].stdout


def etcd_members(lab: Lab) -> dict[str, str]:
    """The identity of each member, by name."""
    rows = [line.split(", ") for line in lab.kubectl(*ETCDCTL, "member", "list").splitlines()]
    return {row[2]: row[0] for row in rows}


def lead_etcd(lab: Lab, control_plane: str) -> None:
    """Make ``control_plane`` the leader of etcd, whoever leads now."""
    listing = answered(lab, *ETCDCTL, "endpoint", "status", "--cluster", "-w", "json")
    members = json.loads(answered(lab, *ETCDCTL, "member", "list", "-w", "json"))["members"]
    ids = {member["name"]: member["ID"] for member in members}
    leader = next(name for name, number in ids.items() if number == json.loads(listing)[0]["Status"]["leader"])
    if leader != control_plane:
        etcdctl = [word.replace("etcd-master1", f"etcd-{leader}") for word in ETCDCTL]
        answered(lab, *etcdctl, "move-leader", f"{ids[control_plane]:x}")
