"""Examples for somebody else's balancer, against golden files."""

from __future__ import annotations

import pytest

from k8s_ha.desired.external_balancer import members
from k8s_ha.operations.external_balancer import FILES, configurations
from k8s_ha.settings import Cluster, load_cluster
from tests.support.example_cluster import VERSION, six_hosts
from tests.support.paths import GOLDEN

NODES = [host for host in six_hosts() if host["name"] != "master-lb"]


def cluster(endpoint: str) -> Cluster:
    return load_cluster({"kubernetes_version": VERSION, "endpoint": {"external": endpoint}}, NODES)


@pytest.mark.parametrize("name", FILES)
def test_an_example(name: str) -> None:
    text = configurations(cluster("10.9.9.9:443"))[name]
    assert text == (GOLDEN / "external" / name).read_text(encoding="utf-8")


def test_lvs_takes_no_name() -> None:
    found = configurations(cluster("lb.example:6443"))
    assert "virtual_server ADDRESS-OF-lb.example 6443 {" in found["keepalived.conf"]
    assert "-A -t ADDRESS-OF-lb.example:6443 -s lc\n" in found["ipvsadm.rules"]


def test_the_members() -> None:
    assert members(cluster("lb.example:6443")) == [
        "member           control plane  is well where",
        "10.0.11.18:6443  master1        HTTPS /readyz gives 200",
        "10.0.12.55:6443  master2        HTTPS /readyz gives 200",
        "10.0.13.22:6443  master3        HTTPS /readyz gives 200",
    ]
