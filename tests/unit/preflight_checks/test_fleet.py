"""What only shows when hosts are held beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from k8s_ha.cluster_state.node_state import NodeState
from k8s_ha.findings import Finding
from k8s_ha.observations.node import NodeView
from k8s_ha.preflight_checks.existing_cluster import existing_clusters, states_before
from k8s_ha.preflight_checks.fleet import machine_ids, product_uuids
from k8s_ha.preflight_checks.model import HostContext
from k8s_ha.preflight_checks.rules import preflight_findings, waived
from tests.support.cases import HOSTS, context, fleet, warning
from tests.support.node_views import ADMIN, CA_CERTIFICATE, CLEAN, ENDPOINT, KUBELET, NODES, member


def test_hosts_cloned_with_their_identity() -> None:
    twins = fleet(master2={"machine_id": "worker1"}, worker1={"product_uuid": "1-2"}, master_lb={"product_uuid": "1-2"})
    assert list(machine_ids(twins)) == [
        Finding(
            name,
            "machine-id",
            f"/etc/machine-id is that of {other} too",
            "Kubernetes tells nodes apart by it",
            "remove that file there, run `systemd-machine-id-setup`, and boot again",
        )
        for name, other in (("master2", "worker1"), ("worker1", "master2"))
    ]
    assert list(product_uuids(twins)) == [
        Finding(
            "worker1",
            "product-uuid",
            "its machine's UUID is that of master-lb too",
            "Kubernetes tells nodes apart by it",
            "give the virtual machine a UUID of its own where it is defined",
        )
    ]


def test_a_missing_identity_is_nobodys() -> None:
    blank = {"machine_id": "", "product_uuid": "03000200-0400-0500-0006-000700080009"}
    alike = fleet(**{name.replace("-", "_"): blank for name in HOSTS})
    assert [*machine_ids(alike), *product_uuids(alike)] == []


def test_nodes_that_share_an_identity_have_run_so_until_now() -> None:
    node = {"surveyed": {"node": True, "hostname": "master1"}, "machine_id": "same"}
    found = list(machine_ids(fleet(master1=node, master2=node)))
    assert [(finding.host, finding.severity) for finding in found] == [("master1", "warning"), ("master2", "warning")]


FOREIGN = NodeView((KUBELET,), "https://10.9.9.9:6443", None)
CUT_OFF = NodeView(("/etc/kubernetes/pki/ca.crt", "/var/lib/etcd/member"), None, None)
OURS = NodeView((KUBELET,), ENDPOINT, None)
HEALTHY = member(*NODES)
BEGUN = NodeView(("/etc/kubernetes/pki/ca.crt", ADMIN), ENDPOINT, None)


def seeing(name: str, ready: bool) -> NodeView:
    """A healthy control plane to which one node is in another state."""
    return replace(HEALTHY, nodes=tuple(replace(n, ready=ready) if n.name == name else n for n in HEALTHY.nodes))


UNFINISHED = replace(BEGUN, init_begun=True, init_unfinished=True)
CUT = "an init or a join was cut off"
RESET = "run `kubeadm reset` on it, then run this again"


def viewed(**views: NodeView | None) -> list[HostContext]:
    return fleet(**{name: {"view": view} for name, view in views.items()})


def of_cluster(host: str, found: str, wanted: str, remedy: str) -> Finding:
    return Finding(host, "cluster", found, wanted, remedy)


def nobody_knows(host: str) -> Finding:
    return Finding(
        host,
        "cluster",
        f"holds {KUBELET if host.startswith('worker') else ADMIN}, and no API server of the cluster answers",
        "a healthy control plane tells whether it is a node",
        "if this run does not bring one back, repair it; `kubeadm reset` only where nothing in the cluster is needed",
        "warning",
    )


CA = "/etc/kubernetes/pki/ca.crt"
WRITE_CA = (
    "write the cluster's CA there again, as a healthy control plane or its own kubelet.conf has it, then run this again"
)
NODES_STAND = {"master1": HEALTHY, "master2": HEALTHY, "master3": HEALTHY, "worker1": OURS, "worker2": OURS}
SILENT = {name: replace(view, ready=False, nodes=()) for name, view in NODES_STAND.items()}
CLUSTERS: dict[str, tuple[list[HostContext], list[Finding]]] = {
    "none": (fleet(), []),
    "this one": (viewed(**NODES_STAND), []),
    "another one": (
        viewed(worker1=FOREIGN),
        [
            of_cluster(
                "worker1",
                f"holds {KUBELET}, which belongs to another cluster (https://10.9.9.9:6443)",
                "such a host is not touched",
                "take it out of the inventory, or reset it yourself if nothing in it is needed",
            )
        ],
    ),
    "a control plane with a CA that is cut off": (
        viewed(**NODES_STAND | {"master1": replace(HEALTHY, ca_certificate=CA_CERTIFICATE[:400])}),
        [of_cluster("master1", f"its {CA} holds no whole certificate", "as kubeadm wrote it", WRITE_CA)],
    ),
    "a control plane whose CA is cut off and that does not serve": (
        viewed(**SILENT | {"master1": replace(SILENT["master1"], ca_certificate=CA_CERTIFICATE[:400])}),
        [
            nobody_knows("master1"),
            replace(
                of_cluster("master1", f"its {CA} holds no whole certificate", "as kubeadm wrote it", WRITE_CA),
                severity="warning",
            ),
            *map(nobody_knows, [name for name in NODES_STAND if name != "master1"]),
        ],
    ),
    "an init that was cut off": (
        viewed(master1=BEGUN),
        [
            of_cluster(
                "master1",
                f"holds /etc/kubernetes/pki/ca.crt, {ADMIN}, but no cluster",
                CUT,
                RESET,
            )
        ],
    ),
    "an init that is proven not to have come to its end": (
        viewed(master1=UNFINISHED, worker1=CLEAN),
        [
            warning(
                "master1",
                "cluster",
                "holds /etc/kubernetes/pki/ca.crt of an init that did not come to its end",
                "a cluster",
                "nothing: this run resets it and retries the init",
            )
        ],
    ),
    "such an init beside what may be a cluster": (
        viewed(master1=UNFINISHED, master2=BEGUN),
        [
            of_cluster(host, f"holds /etc/kubernetes/pki/ca.crt, {ADMIN}, but no cluster", CUT, RESET)
            for host in ("master1", "master2")
        ],
    ),
    "certificates that nothing tells the owner of": (
        viewed(master1=CUT_OFF),
        [
            of_cluster(
                "master1",
                "holds /etc/kubernetes/pki/ca.crt, /var/lib/etcd/member, which nothing shows to be this cluster's",
                "such a host is not touched",
                "take it out of the inventory, or reset it yourself if nothing in it is needed",
            )
        ],
    ),
    "a node that was deleted": (
        viewed(**NODES_STAND | {"master1": member("master1", "master2", "worker1", "worker2")}),
        [
            warning(
                "master3",
                "cluster",
                f"holds {ADMIN}, {KUBELET}, but is no node of the cluster: a join was cut off, or the node was removed",
                "a node",
                "nothing: this run resets it and joins it",
            )
        ],
    ),
    "a host that was replaced": (
        viewed(**NODES_STAND | {"worker2": CLEAN, "master1": seeing("worker2", ready=False)}),
        [
            warning(
                "worker2",
                "cluster",
                "is blank, but the cluster still knows a host of its name",
                "a node",
                "nothing: this run removes its stale member and node, and joins it",
            )
        ],
    ),
    "a node that somebody has reset": (
        fleet(
            **{name: {"view": view} for name, view in NODES_STAND.items()}
            | {
                "worker2": {"view": CLEAN, "routes": ("10.244.2.0/24 via 10.244.2.0 dev flannel.1",)},
                "master1": {"view": seeing("worker2", ready=False)},
            }
        ),
        [
            warning(
                "worker2",
                "cluster",
                "is blank, but the cluster still knows a host of its name",
                "a node",
                "nothing: this run removes its stale member and node, and joins it",
            ),
            of_cluster(
                "worker2",
                "routes to pods of an earlier node are there, such as 10.244.2.0/24 via 10.244.2.0 dev flannel.1",
                "such a route comes before that to the node's own pods",
                "reboot it, or remove each by `ip route delete`",
            ),
        ],
    ),
    "a name under which another host lives": (
        viewed(**NODES_STAND | {"worker2": CLEAN}),
        [
            of_cluster(
                "worker2",
                "is blank, but a node of its name is Ready",
                "one host under a name",
                "if it was replaced this minute, run this again when that node is NotReady; else give it another "
                "hostname",
            )
        ],
    ),
    "a join that was cut off under the name of another host": (
        viewed(**NODES_STAND | {"worker2": BEGUN}),
        [
            of_cluster(
                "worker2",
                f"holds {BEGUN.artifacts[0]}, {ADMIN} of a join that was cut off, but a node of its name is Ready",
                "one host under a name",
                "stop the other one, or give this one another hostname",
            )
        ],
    ),
    "no API server answers": (
        viewed(master1=member(*NODES, ready=False), worker1=OURS, master3=BEGUN),
        [
            warning(
                host,
                "cluster",
                f"holds {trace}, and no API server of the cluster answers",
                "a healthy control plane tells whether it is a node",
                "if this run does not bring one back, repair it; `kubeadm reset` only where nothing in the cluster is "
                "needed",
            )
            for host, trace in (("master1", ADMIN), ("master3", BEGUN.artifacts[0]), ("worker1", KUBELET))
        ],
    ),
    "a join that goes on": (
        viewed(worker1=replace(CUT_OFF, busy=True)),
        [
            warning(
                "worker1",
                "cluster",
                "kubeadm of an earlier run is still at work",
                "one at a time",
                "nothing: this run waits for it",
            )
        ],
    ),
    "what kubeadm reset leaves": (
        fleet(
            master1={"etcd": ("lost+found",)},
            worker1={"routes": ("10.244.2.0/24 via 10.0.13.22 dev eth0", "10.244.9.0/24 dev tunl0")},
            worker2={"etcd": ("lost+found",), "routes": ("10.244.3.0/24 dev cni0 proto kernel linkdown",)},
        ),
        [
            of_cluster(
                "master1",
                "/var/lib/etcd holds lost+found",
                "kubeadm asks for an empty folder",
                "empty it, or mount it one level higher if it is lost+found",
            ),
            of_cluster(
                "worker1",
                "routes to pods of an earlier node are there, such as 10.244.2.0/24 via 10.0.13.22 dev eth0",
                "such a route comes before that to the node's own pods",
                "reboot it, or remove each by `ip route delete`",
            ),
            of_cluster(
                "worker2",
                "the interface cni0 of older pods is there",
                "new pods get addresses of another network",
                "run `ip link delete cni0` there, or reboot it",
            ),
        ],
    ),
    "another pod network of a node": (
        [
            *viewed(**NODES_STAND)[:4],
            context("worker2", view=OURS, cni=("10-calico.conflist",), settings={"pod_network": "none"}),
        ],
        [],
    ),
    "a worker alone": ([context("worker1", view=OURS)], []),
    "a host that could not be read": (
        viewed(worker1=None, master_lb=None),
        [
            of_cluster(
                "worker1",
                "what it holds of a cluster could not be read",
                "it may be somebody's node",
                "see the error above, fix it, and run this again",
            )
        ],
    ),
}


@pytest.mark.parametrize(("contexts", "findings"), CLUSTERS.values(), ids=CLUSTERS)
def test_older_clusters(contexts: Sequence[HostContext], findings: list[Finding]) -> None:
    assert list(existing_clusters(contexts)) == findings


def test_where_the_nodes_stand() -> None:
    joined = dict.fromkeys(NODES, NodeState.JOINED)
    assert states_before(viewed(**NODES_STAND)) == joined
    assert states_before(viewed(**NODES_STAND | {"worker1": CLEAN, "worker2": FOREIGN})) == joined | {
        "worker1": NodeState.REPLACED,
        "worker2": NodeState.FOREIGN,
    }
    nobody_answers = viewed(master1=member(*NODES, ready=False), master2=None, master3=BEGUN, worker1=OURS)
    assert states_before(nobody_answers) == {"worker2": NodeState.CLEAN}
    nobody_else = viewed(master1=CLEAN, master2=None, master3=BEGUN)
    assert states_before(nobody_else)["master3"] is NodeState.PARTIAL
    clean = dict.fromkeys(NODES, NodeState.CLEAN)
    identified = replace(UNFINISHED, artifacts=(*UNFINISHED.artifacts, KUBELET))
    assert states_before(viewed(master1=identified)) == clean | {"master1": NodeState.PARTIAL}
    assert states_before([]) == {}


def test_a_waived_check_is_shown_and_does_not_stop() -> None:
    contexts = fleet(master1={"cpus": 1, "memory_mib": 512}, worker1={"cpus": 1, "memory_mib": 512})
    before = preflight_findings(contexts)
    assert [(finding.host, finding.check, finding.severity) for finding in waived(before, ["memory", "clock"])] == [
        ("master1", "cpus", "error"),
        ("master1", "memory", "waived"),
        ("worker1", "memory", "warning"),
    ]
    assert [replace(finding, severity="error") for finding in waived(before, ["memory"])][:2] == before[:2]
