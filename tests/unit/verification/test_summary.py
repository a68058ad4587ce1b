"""What a person reads when a cluster works."""

from __future__ import annotations

from dataclasses import replace

from k8s_ha.observations.api_status import API_SERVICE
from k8s_ha.verification.summary import summary
from tests.support.cluster_health import complete_api_status, complete_statuses
from tests.support.example_cluster import six_host_cluster

CLUSTER = six_host_cluster()
API_STATUS = complete_api_status(CLUSTER)
WHOLE = complete_statuses(CLUSTER)


def test_summary() -> None:
    assert summary(API_STATUS, WHOLE, CLUSTER, "kubeconfig/admin.conf") == [
        "The cluster answers at https://10.0.1.157:6443, Kubernetes 1.30.14.",
        "  master1  control plane  Ready     v1.30.14",
        "  master2  control plane  Ready     v1.30.14",
        "  master3  control plane  Ready     v1.30.14",
        "  worker1  worker         Ready     v1.30.14",
        "  worker2  worker         Ready     v1.30.14",
        "What was checked, and is well:",
        "  etcd          3 of 3 members, led by master1",
        "  API           3 servers and the endpoint, from 5 of 5 hosts",
        "  DNS           2 servers, from 5 of 5 hosts",
        "  Services      10.96.0.1 and 10.96.0.10, from 5 of 5 hosts",
        "  balancers     master-lb with 3 API servers",
        "  certificates  3; first to end: control planes 2027-11-24",
        "Its kubeconfig: kubeconfig/admin.conf",
        "Use it: kubectl --kubeconfig kubeconfig/admin.conf get nodes",
    ]


def test_many_nodes_that_are_alike_are_counted() -> None:
    workers = {f"worker{number}": number != 7 for number in range(1, 21)}
    versions = dict.fromkeys(workers, "v1.30.14") | {"worker9": "v1.29.15"}
    cluster = six_host_cluster(
        more_hosts=[{"name": f"worker{n}", "address": f"10.0.2.{n}", "role": "worker"} for n in range(3, 21)]
    )
    lines = summary(replace(API_STATUS, nodes=workers, versions=versions), WHOLE, cluster, "a.conf")
    assert lines[1:12] == [
        *(f"  worker{number:<5}  worker         Ready     v1.30.14" for number in (1, *range(10, 17))),
        "  and 10 more  worker         Ready     v1.30.14",
        "  worker7      worker         NotReady  v1.30.14",
        "  worker9      worker         Ready     v1.29.15",
    ]


def test_without_a_pod_network_the_summary_says_what_comes_next() -> None:
    lines = summary(
        replace(API_STATUS, services={API_SERVICE: ""}), WHOLE, six_host_cluster(pod_network="none"), "a.conf"
    )
    assert lines[-1] == "Nodes become Ready when you install a pod network."
    assert not any("DNS" in line or "Services" in line for line in lines)
