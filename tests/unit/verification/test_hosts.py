"""What hosts tell of a cluster, one thing wrong at a time, and what is then said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from k8s_ha.cluster_state.node_state import NodeState
from k8s_ha.findings import Finding
from k8s_ha.observations.api_status import ApiStatus
from k8s_ha.observations.certificates import Validity
from k8s_ha.observations.host_status import OK, HostStatus, Member
from k8s_ha.observations.node import NodeView
from k8s_ha.verification.hosts import OFFLOAD, node_states, status_findings
from tests.support.cluster_health import (
    NEXT_YEAR,
    NOW,
    complete_api_status,
    complete_statuses,
    etcd_members,
    until,
    with_certificates,
)
from tests.support.example_cluster import six_host_cluster
from tests.support.node_views import CA_CERTIFICATE

CLUSTER = six_host_cluster()
API_STATUS = complete_api_status(CLUSTER)
WHOLE = complete_statuses(CLUSTER)
NODES = tuple(node.name for node in CLUSTER.nodes)
MASTER2, ENDPOINT = "10.0.12.55:6443", "10.0.1.157:6443"
API, DNS = "10.96.0.1:443", "10.96.0.10"
FIRST_DNS, SECOND_DNS = (pod.address for pod in API_STATUS.dns_servers)

Statuses = dict[str, HostStatus | None]
Change = Callable[[HostStatus], HostStatus]


def changed(change: Change, *hosts: str) -> Statuses:
    """What the hosts tell, changed on these."""
    return {name: change(status) if name in hosts else status for name, status in WHOLE.items()}


def having(**values: Any) -> Change:
    return lambda status: replace(status, **values)


def holding(certificates: Mapping[str, Validity | None]) -> Change:
    return lambda status: with_certificates(status, certificates)


def apis(*addresses: str, said: str = "no connection", times: int | None = None) -> Change:
    """API servers at these addresses do not answer, or only not so many times."""

    def change(status: HostStatus) -> HostStatus:
        reported = {
            a: (said,) * (times or len(status.apis[a])) + status.apis[a][times or len(status.apis[a]) :]
            for a in addresses
        }
        return replace(status, apis={**status.apis, **reported})

    return change


def dns(*addresses: str, said: str = "no answer", times: int = 8) -> Change:
    def change(status: HostStatus) -> HostStatus:
        reported = {a: tuple([said] * times + list(status.dns[a]))[: len(status.dns[a])] for a in addresses}
        return replace(status, dns={**status.dns, **reported})

    return change


def etcd(**values: Any) -> Change:
    return lambda status: replace(status, etcd=replace(status.etcd, **values))


def found(statuses: Statuses, api_status: ApiStatus = API_STATUS) -> list[str]:
    return [f"{entry.host}: {entry.found}" for entry in status_findings(statuses, api_status, CLUSTER, NOW)]


CONTROL_PLANES = ("master1", "master2", "master3")
MEMBERS = etcd_members(CLUSTER)
STALE = Member("255", "old", ("10.0.9.9",), False)
BACKENDS = WHOLE["master-lb"].backends
CUT_OFF_CA = NodeView(("/etc/kubernetes/kubelet.conf",), f"https://{CLUSTER.endpoint}", CA_CERTIFICATE[:400])

FOUND = {
    "all is well": (WHOLE, []),
    "a host that cannot be read": ({**WHOLE, "worker2": None}, ["worker2: it could not be checked"]),
    "a kubelet that is down": (
        changed(having(kubelet="no connection"), "worker1"),
        ["worker1: its kubelet is not well: no connection"],
    ),
    "a kube-proxy that hangs": (
        changed(having(proxy="no answer in time"), "worker2"),
        ["worker2: its kube-proxy is not well: no answer in time"],
    ),
    "an API server that is down": (
        changed(apis(MASTER2), *NODES),
        ["master2: its API server does not answer from 5 of 5 hosts: no connection"],
    ),
    "an API server that one host does not reach": (
        changed(apis(MASTER2), "worker1"),
        ["master2: its API server does not answer from 1 of 5 hosts (worker1): no connection"],
    ),
    "a host that reaches no API server": (
        changed(apis(*WHOLE["worker1"].apis), "worker1"),
        ["worker1: it reaches no API server: no connection"],
    ),
    "an endpoint that is down": (
        changed(apis(ENDPOINT, said="no answer in time"), *NODES),
        ["master-lb: the endpoint 10.0.1.157:6443 does not answer from 5 of 5 hosts: no answer in time"],
    ),
    "a DNS server that nobody reaches": (
        changed(dns(FIRST_DNS, DNS), *NODES),
        ["worker2: coredns-76c6f6bbc9-00000 (10.244.0.2) does not resolve from 5 of 5 hosts: no answer"],
    ),
    "a DNS server that knows nothing": (
        changed(dns(SECOND_DNS, said="NXDOMAIN"), *NODES),
        ["worker1: coredns-76c6f6bbc9-00001 (10.244.1.2) does not resolve from 5 of 5 hosts: NXDOMAIN"],
    ),
    "a host without DNS": (
        changed(dns(FIRST_DNS, SECOND_DNS, DNS), "master3"),
        ["master3: it reaches no DNS server of the cluster: no answer"],
    ),
    "a DNS server that answers with another address": (
        changed(dns(DNS, said="10.1.1.1"), "worker1"),
        [
            "worker1: the Service of the DNS, 10.96.0.10, fails 8 of 8 times from here, while each backend answers: "
            "10.1.1.1"
        ],
    ),
    "a host that reaches one of a Service's backends only": (
        changed(dns(DNS, times=3), "worker1"),
        [
            "worker1: the Service of the DNS, 10.96.0.10, fails 3 of 8 times from here, while each backend answers: "
            "no answer"
        ],
    ),
    "a host whose kube-proxy lost the API's Service": (
        changed(apis(API), "worker1"),
        [
            "worker1: the Service of the API, 10.96.0.1:443, fails 8 of 8 times from here, while each backend "
            "answers: no connection"
        ],
    ),
    "a Service that is dead everywhere": (
        changed(dns(DNS), *NODES),
        ["the cluster: the Service of the DNS, 10.96.0.10, fails from 5 of 5 hosts: no answer"],
    ),
    "an API server that is down, still behind its Service": (
        changed(apis(MASTER2, API), *NODES),
        ["master2: its API server does not answer from 5 of 5 hosts: no connection"],
    ),
    "an etcd that is down": (
        changed(etcd(health="no connection", members=(), leader=""), "master1"),
        ["master1: its etcd is not well: no connection"],
    ),
    "all of etcd down": (
        changed(etcd(health="no connection", members=(), leader=""), *CONTROL_PLANES),
        [
            *(f"{control_plane}: its etcd is not well: no connection" for control_plane in CONTROL_PLANES),
            "the cluster: no etcd tells its members",
        ],
    ),
    "an etcd without quorum": (
        changed(etcd(health="HTTP 503", leader=""), *CONTROL_PLANES),
        [
            *(f"{control_plane}: its etcd is not well: HTTP 503" for control_plane in CONTROL_PLANES),
            "the cluster: no etcd member says that it is well: quorum is lost",
        ],
    ),
    "an etcd without a leader": (changed(etcd(leader=""), *CONTROL_PLANES), ["the cluster: etcd has no leader"]),
    "a control plane that is no member": (
        changed(etcd(members=MEMBERS[:2]), *CONTROL_PLANES),
        ["master3: master3 is no member of etcd, which has master1 (10.0.11.18), master2 (10.0.12.55)"],
    ),
    "a member that has no vote": (
        changed(etcd(members=(*MEMBERS[:2], replace(MEMBERS[2], learner=True))), *CONTROL_PLANES),
        ["master3: master3 is a learner in etcd: it has no vote"],
    ),
    "a member that is no control plane": (
        changed(etcd(members=(*MEMBERS, STALE)), *CONTROL_PLANES),
        ["the cluster: etcd has a stale member: old (10.0.9.9) is no control plane"],
    ),
    "a member that has never started": (
        changed(etcd(members=(*MEMBERS, replace(STALE, name=""))), *CONTROL_PLANES),
        ["the cluster: etcd has a stale member: one without a name (10.0.9.9) is no control plane"],
    ),
    "nginx that is down": (changed(having(nginx=False), "master-lb"), ["master-lb: nginx is not running"]),
    "nginx that reads no file of ours": (
        changed(having(backends={}), "master-lb"),
        [
            "master-lb: nginx reads neither /etc/nginx/conf.d/tcp.d/kube-api-server.conf nor "
            "/etc/nginx/k8s-ha/kube-api-server.conf, or its configuration has a mistake"
        ],
    ),
    "a backend with another port": (
        changed(
            having(
                backends={**{k: v for k, v in BACKENDS.items() if k != MASTER2}, "10.0.12.55:6444": ""},
                backend_answers={"10.0.12.55:6444": "no connection"},
            ),
            "master-lb",
        ),
        [
            "master-lb: it passes on to 10.0.12.55:6444, where no API server answers; 10.0.12.55:6443 (master2) is "
            "missing"
        ],
    ),
    "a backend of another cluster": (
        changed(having(backends={**BACKENDS, "10.9.9.9:6443": ""}, backend_answers={"10.9.9.9:6443": OK}), "master-lb"),
        ["master-lb: it passes on to 10.9.9.9:6443, which is no control plane"],
    ),
    "a backend that is switched off": (
        changed(having(backends={**BACKENDS, MASTER2: "max_fails=1 down"}), "master-lb"),
        ["master-lb: 10.0.12.55:6443 (master2) is missing"],
    ),
    "a backend that the balancer alone does not reach": (
        changed(having(backend_answers={MASTER2: "no answer in time"}), "master-lb"),
        ["master-lb: it does not reach 10.0.12.55:6443 (master2): no answer in time"],
    ),
    "a node of another cluster": (
        changed(having(view=NodeView(("/etc/kubernetes/kubelet.conf",), "https://10.9.9.9:6443", None)), "worker1"),
        ["worker1: it holds /etc/kubernetes/kubelet.conf, which belongs to another cluster (https://10.9.9.9:6443)"],
    ),
    "a node whose CA is cut off": (
        changed(having(view=CUT_OFF_CA), "master1"),
        ["master1: its /etc/kubernetes/pki/ca.crt holds no whole certificate"],
    ),
    "a certificate that has expired": (
        changed(holding({"/a.crt": until(NOW - timedelta(days=1))}), "master1"),
        ["master1: /a.crt expired on 2026-11-24"],
    ),
    "certificates that expire on one day": (
        changed(
            holding(dict.fromkeys(("/a.crt", "/b.crt", "/c.crt"), until(NOW + timedelta(days=3)))),
            "master1",
        ),
        ["master1: /a.crt and 2 more valid until 2026-11-28"],
    ),
    "a file that holds no certificate": (
        changed(holding({"/a.crt": None, "/b.crt": until(NEXT_YEAR)}), "worker1"),
        ["worker1: /a.crt holds no certificate"],
    ),
}


@pytest.mark.parametrize(("statuses", "findings"), FOUND.values(), ids=FOUND)
def test_status_findings(statuses: Statuses, findings: list[str]) -> None:
    assert found(statuses) == findings


def test_a_member_that_is_a_node_outside_the_inventory_is_a_warning() -> None:
    api_status = replace(API_STATUS, nodes={**API_STATUS.nodes, "old": True})
    (finding,) = status_findings(changed(etcd(members=(*MEMBERS, STALE)), *CONTROL_PLANES), api_status, CLUSTER, NOW)
    assert (finding.severity, finding.remedy) == ("warning", "add it there")


@pytest.mark.parametrize(
    ("days", "severity"), [(-1, "error"), (0, "error"), (6, "error"), (7, "warning"), (29, "warning"), (30, None)]
)
def test_a_certificate_is_warned_of_before_it_is_an_error(days: int, severity: str | None) -> None:
    statuses = changed(holding({"/a.crt": until(NOW + timedelta(days=days))}), "worker1")
    assert [finding.severity for finding in status_findings(statuses, API_STATUS, CLUSTER, NOW)] == (
        [severity] if severity else []
    )


@pytest.mark.parametrize(
    ("path", "remedy"),
    [
        ("/etc/kubernetes/pki/apiserver.crt", "`pyinfra inventory.py k8s_ha.renew_certificates`"),
        ("/etc/kubernetes/pki/etcd/ca.crt", "a CA is replaced by hand"),
        ("/var/lib/kubelet/pki/kubelet-client-current.pem", "the kubelet should have renewed it"),
        ("/var/lib/kubelet/pki/kubelet-server-current.pem", "approve what its kubelet asks for"),
    ],
)
def test_what_to_do_about_a_certificate_depends_on_whose_it_is(path: str, remedy: str) -> None:
    (finding,) = status_findings(changed(holding({path: until(NOW)}), "master1"), API_STATUS, CLUSTER, NOW)
    assert finding.remedy.startswith(remedy)


def test_remedies_are_commands_that_fit() -> None:
    def remedy(statuses: Statuses) -> str:
        (finding,) = status_findings(statuses, API_STATUS, CLUSTER, NOW)
        return finding.remedy

    assert remedy(changed(etcd(members=(*MEMBERS, STALE)), *CONTROL_PLANES)) == "`etcdctl member remove ff`"
    assert remedy(changed(dns(DNS, times=3), "worker1")) == OFFLOAD
    assert remedy(changed(apis(MASTER2), "worker1")) == "see routes and firewalls between them"
    assert remedy(changed(apis(MASTER2, said="HTTP 500"), "master2")).startswith("see `crictl ps -a`")


def test_states_of_nodes() -> None:
    statuses = changed(having(view=NodeView((), None, None)), "worker1")
    api_status = replace(API_STATUS, nodes={name: True for name in API_STATUS.nodes if name != "worker2"})
    assert node_states({k: v for k, v in statuses.items() if v and k != "master3"}, api_status, CLUSTER) == {
        "master1": NodeState.JOINED,
        "master2": NodeState.JOINED,
        "worker1": NodeState.REPLACED,
        "worker2": NodeState.PARTIAL,
    }


def test_without_an_api_what_hosts_tell_is_still_judged() -> None:
    silent = replace(API_STATUS, answers=False, nodes={}, pods=(), services={})
    statuses = {name: replace(status, dns={}) for name, status in changed(apis(MASTER2), *NODES).items() if status}
    assert found(statuses, silent) == ["master2: its API server does not answer from 5 of 5 hosts: no connection"]


def test_a_finding_tells_what_is_wanted() -> None:
    (finding,) = status_findings(changed(having(kubelet="no connection"), "worker1"), API_STATUS, CLUSTER, NOW)
    assert finding == Finding(
        host="worker1",
        check="kubelet",
        found="its kubelet is not well: no connection",
        wanted="ok at /healthz",
        remedy="`systemctl restart kubelet` there, and see `journalctl -u kubelet`",
    )
