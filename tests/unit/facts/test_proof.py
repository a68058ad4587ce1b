"""What hosts are asked, and their answers: parsers on output that real hosts gave, the script run for real."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from k8s_ha.facts.host_status import HostStatusFact
from k8s_ha.observations.certificates import Validity, validity
from k8s_ha.observations.etcd import Storage
from k8s_ha.observations.host_status import EtcdStatus, Member, answer, asked, etcd_status
from tests.support.cluster_health import NOTHING, complete_api_status
from tests.support.example_cluster import six_host_cluster
from tests.support.node_views import ENDPOINT, recorded

CLUSTER = six_host_cluster()
API_STATUS = complete_api_status(CLUSTER)
APIS = ["10.0.11.18:6443", "10.0.12.55:6443", "10.0.13.22:6443", "10.0.1.157:6443"]
NAME_SERVERS = ["10.244.0.2", "10.244.1.2"]
PROXY_CONFIGS = "/etc/nginx/conf.d/tcp.d/kube-api-server.conf /etc/nginx/k8s-ha/kube-api-server.conf"


def test_what_each_kind_of_host_is_asked() -> None:
    node = {
        "apis": [*APIS, *["10.96.0.1:443"] * 8],
        "name_servers": [*NAME_SERVERS, *["10.96.0.10"] * 8],
        "kubelet_port": 10248,
        "proxy_port": 10256,
    }
    assert asked(CLUSTER, CLUSTER.host("worker1"), API_STATUS) == NOTHING | node
    assert asked(CLUSTER, CLUSTER.host("master1"), API_STATUS) == NOTHING | node | {"etcd": True}
    assert asked(CLUSTER, CLUSTER.host("master-lb"), API_STATUS) == NOTHING | {"balancer": PROXY_CONFIGS}


@pytest.mark.parametrize(
    ("patches", "ports"),
    [
        ({"KubeletConfiguration": {"healthzPort": 0}}, (0, 10256)),
        ({"KubeletConfiguration": {"healthzPort": 10999}}, (10999, 10256)),
        ({"KubeProxyConfiguration": {"healthzBindAddress": ""}}, (10248, 0)),
        ({"KubeProxyConfiguration": {"healthzBindAddress": "127.0.0.1:11000"}}, (10248, 11000)),
        ({"KubeProxyConfiguration": {"healthzBindAddress": "127.0.0.1"}}, (10248, 10256)),
    ],
)
def test_health_is_asked_where_the_settings_put_it(patches: dict[str, Any], ports: tuple[int, int]) -> None:
    cluster = six_host_cluster(kubeadm_patches=patches)
    asks = asked(cluster, cluster.host("worker1"), API_STATUS)
    assert (asks["kubelet_port"], asks["proxy_port"]) == ports


def test_dns_is_not_asked_where_there_is_no_pod_network() -> None:
    cluster = six_host_cluster(pod_network="none")
    assert asked(cluster, cluster.host("worker1"), API_STATUS)["name_servers"] == []


MEMBERS = (
    Member("384710506706242898", "master3", ("10.0.13.22",), False),
    Member("10936441449491959054", "master1", ("10.0.11.18",), False),
    Member("15777063659870576129", "master2", ("10.0.12.55",), False),
)


def test_a_control_plane() -> None:
    reported = HostStatusFact().parse(recorded("verify-control-plane"))
    assert reported.view.api_server_url == ENDPOINT
    assert len(reported.view.artifacts) == 6
    assert (reported.kubelet, reported.proxy) == ("ok", "ok")
    assert reported.apis == {**dict.fromkeys(APIS, ("ok",)), "10.96.0.1:443": ("ok",) * 6}
    servers = {"10.244.3.2": ("10.96.0.1",), "10.244.4.2": ("10.96.0.1",)}
    assert reported.dns == {"10.96.0.10": ("10.96.0.1",) * 8, **servers}
    assert reported.etcd == EtcdStatus("ok", MEMBERS, "10936441449491959054", Storage(2568192, 2555904, 2147483648))
    begins = datetime(2026, 11, 24, 23, 22, 30, tzinfo=UTC)
    authority, admin = (reported.certificates[f"/etc/kubernetes/{name}"] for name in ("pki/ca.crt", "admin.conf"))
    assert authority == Validity(begins, datetime(2036, 11, 21, 23, 22, 30, tzinfo=UTC))
    assert admin == Validity(begins, datetime(2027, 11, 24, 23, 22, 31, tzinfo=UTC))
    assert len(reported.certificates) == 14
    assert None not in reported.certificates.values()
    assert (reported.nginx, reported.backends, reported.backend_answers) == (False, {}, {})


def test_a_worker() -> None:
    reported = HostStatusFact().parse(recorded("verify-worker"))
    assert (reported.kubelet, reported.proxy, reported.etcd) == ("ok", "ok", None)
    assert set(reported.certificates) == {
        "/etc/kubernetes/pki/ca.crt",
        "/var/lib/kubelet/pki/kubelet-client-current.pem",
    }


def test_a_worker_in_trouble() -> None:
    reported = HostStatusFact().parse(recorded("verify-worker-odd"))
    assert (reported.kubelet, reported.proxy) == ("no connection", "no answer in time")
    assert reported.apis["10.0.12.55:6443"] == ("no connection",)
    assert sorted(reported.apis["10.96.0.1:443"]) == ["no connection"] * 2 + ["ok"] * 4
    assert reported.dns["10.244.3.99"] == ("no answer",)


def test_a_load_balancer() -> None:
    reported = HostStatusFact().parse(recorded("verify-balancer"))
    assert reported.nginx
    assert reported.backends == dict.fromkeys(APIS[:3], "max_fails=1 fail_timeout=10s")
    assert reported.backend_answers == dict.fromkeys(APIS[:3], "ok")
    odd = HostStatusFact().parse(recorded("verify-balancer-odd"))
    assert odd.backend_answers == {
        "10.0.11.18:6443": "ok",
        "10.0.12.55:6443": "no connection",
        "10.0.13.22:6444": "no connection",
    }


@pytest.mark.parametrize(("status", "means"), [(401, "ok"), (403, "ok"), (500, "HTTP 500")])
def test_an_api_server_that_wants_to_know_who_asks_is_one(status: int, means: str) -> None:
    line = f"backend_api {APIS[0]} curl: (22) The requested URL returned error: {status}"
    assert HostStatusFact().parse([line]).backend_answers == {APIS[0]: means}


def test_a_control_plane_whose_etcd_is_down() -> None:
    reported = HostStatusFact().parse(recorded("verify-etcd-down"))
    assert reported.etcd == EtcdStatus("no connection", (), "")
    assert reported.apis["10.0.13.22:6443"] == ("HTTP 500",)


@pytest.mark.parametrize(
    ("answers", "reported"),
    [
        (('{"health":"true","reason":""}', "", ""), EtcdStatus("ok", (), "")),  # 3.5 and newer
        (('{"health":"false","reason":"NO LEADER"}', "", ""), EtcdStatus("NO LEADER", (), "")),
        (('{"health":"true"}', "", '{"leader":"0"}'), EtcdStatus("ok", (), "")),
        (
            ('{"health":"true"}', '{"members":[{"ID":"7","peerURLs":["https://10.0.0.7:2380"],"isLearner":true}]}', ""),
            EtcdStatus("ok", (Member("7", "", ("10.0.0.7",), True),), ""),
        ),
        (("curl: (7) Failed", '{"members":[null, 3]}', "[]"), EtcdStatus("no connection", (), "")),
        (("", "{}", "no JSON"), EtcdStatus("an empty answer", (), "")),
    ],
)
def test_etcd_of_other_versions_and_in_other_states(answers: tuple[str, str, str], reported: EtcdStatus) -> None:
    assert etcd_status(*answers) == reported


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("ok", "ok"),
        ("curl: (7) Failed connect to 10.0.12.55:6443; Connection refused ", "no connection"),  # EL7
        ("curl: (28) Operation timed out after 6000 milliseconds with 0 bytes received", "no answer in time"),
        ("curl: (22) The requested URL returned error: 500 Internal Server Error", "HTTP 500"),  # EL7
        ("curl: (22) The requested URL returned error: 500", "HTTP 500"),
        ("curl: (77) error setting certificate", "error setting certificate"),
        ("", "an empty answer"),
    ],
)
def test_what_curl_says(said: str, means: str) -> None:
    assert answer(said) == means


@pytest.mark.parametrize("text", ["", "no base64", "AAAA", base64.b64encode(b"-----BEGIN CERTIFICATE-----\n").decode()])
def test_what_is_no_certificate_has_no_end(text: str) -> None:
    assert validity(text) is None


@pytest.mark.parametrize(
    "lines",
    [[], ["end"], ["certificate", "dns", "api", "backend", "etcd_members {", "kubelet", "proxy"], ["dns x zz", "\x00"]],
)
def test_odd_lines_are_no_error(lines: list[str]) -> None:
    assert HostStatusFact().parse(lines).view.artifacts == ()
