"""Verify on the finished cluster: one thing broken at a time is found by its name, and fixed again."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from tests.lab.checks import CONTROL_PLANES, ETCDCTL, etcd_members
from tests.lab.client import KUBECONFIG, SECONDS_FOR_A_WATCH, Lab, until

pytestmark = [pytest.mark.lab, pytest.mark.long]

PKI = "/etc/kubernetes/pki"
BALANCER = "/etc/nginx/conf.d/tcp.d/kube-api-server.conf"
PROXIES = (
    'for p in /proc/[0-9]*; do [ "$(cat $p/comm 2>/dev/null)" = kube-proxy ] && kill -{} ${{p#/proc/}}; done; true'
)


@pytest.fixture(scope="module", autouse=True)
def finished_cluster(lab: Lab) -> None:
    """The cluster as the deploy leaves it, also where an earlier test has just shaken it."""
    lab.results()


def verify(lab: Lab, *options: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    return lab.pyinfra("-y", *options, deploy="k8s_ha.verify", **settings)


@contextmanager
def broken(lab: Lab, *sentences: str) -> Iterator[None]:
    """Verify finds what is broken when the block is entered, and nothing once it has been left."""
    run = verify(lab, verify_timeout_seconds=3)
    assert run.returncode == 1, run.stderr
    reported = " ".join(run.stderr.split())
    for sentence in sentences:
        assert sentence in reported, run.stderr
    assert "Traceback" not in run.stderr
    yield
    fixed = verify(lab, verify_timeout_seconds=SECONDS_FOR_A_WATCH)
    assert fixed.returncode == 0, fixed.stderr


def test_a_working_cluster(lab: Lab) -> None:
    before = lab.digest()
    run = verify(lab)
    assert run.returncode == 0, run.stderr
    reported = " ".join(run.stderr.split())
    assert "etcd 3 of 3 members, led by " in reported
    assert "API 3 servers and the endpoint, from 5 of 5 hosts" in reported
    assert "DNS 2 servers, from 5 of 5 hosts" in reported
    assert "Services 10.96.0.1 and 10.96.0.10, from 5 of 5 hosts" in reported
    assert "certificates 46; the first ends on " in reported
    assert not lab.digest() ^ before


def test_with_json_stdout_is_json(lab: Lab) -> None:
    run = verify(lab, "--json")
    assert json.loads(run.stdout)["results"]["failed_hosts"] == []


def test_a_kubelet_that_is_stopped(lab: Lab) -> None:
    lab.host("worker2", "systemctl stop kubelet")
    with broken(lab, "worker2: its kubelet is not well: no connection"):
        lab.host("worker2", "systemctl start kubelet")


def test_a_kube_proxy_that_hangs_while_its_pod_says_running(lab: Lab) -> None:
    lab.host("worker1", PROXIES.format("STOP"))
    with broken(lab, "worker1: its kube-proxy is not well: no answer in time."):
        lab.host("worker1", PROXIES.format("CONT"))


def test_a_backend_of_the_load_balancer_that_is_wrong(lab: Lab) -> None:
    lab.host("master-lb", f"sed -i 's/10.0.13.22:6443/10.0.13.22:6444/' {BALANCER} && systemctl reload nginx")
    sentence = (
        "master-lb: it passes on to 10.0.13.22:6444, where no API server answers; 10.0.13.22:6443 (master3) is missing."
    )
    with broken(lab, sentence):
        lab.host("master-lb", f"sed -i 's/10.0.13.22:6444/10.0.13.22:6443/' {BALANCER} && systemctl reload nginx")


def test_a_certificate_that_is_about_to_expire(lab: Lab) -> None:
    path = f"{PKI}/front-proxy-client.crt"
    old = lab.host("master1", f"cat {path}")
    ca_certificate = x509.load_pem_x509_certificate(lab.host("master1", f"cat {PKI}/front-proxy-ca.crt").encode())
    key = serialization.load_pem_private_key(lab.host("master1", f"cat {PKI}/front-proxy-ca.key").encode(), None)
    certificate = x509.load_pem_x509_certificate(old.encode())
    ends = datetime.now(UTC) + timedelta(days=3)
    builder = x509.CertificateBuilder(
        issuer_name=ca_certificate.subject,
        subject_name=certificate.subject,
        public_key=certificate.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=certificate.not_valid_before_utc,
        not_valid_after=ends,
        extensions=list(certificate.extensions),
    )
    short = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    lab.host("master1", f"cat >{path} <<'end'\n{short}end")
    with broken(lab, f"master1: {path} valid until {ends:%Y-%m-%d}."):
        lab.host("master1", f"cat >{path} <<'end'\n{old}end")


def test_coredns_scaled_to_nothing(lab: Lab) -> None:
    scale = ("-n", "kube-system", "scale", "deployment", "coredns")
    lab.kubectl(*scale, "--replicas=0")
    pods = ("-n", "kube-system", "get", "pods", "-l", "k8s-app=kube-dns", "-o", "name")
    until(lambda: lab.kubectl(*pods).strip() == "", SECONDS_FOR_A_WATCH, "coredns is gone")
    with broken(
        lab,
        "the cluster: 0 of 2 coredns pods run",
        "the cluster: the Service of the DNS, 10.96.0.10, fails from 5 of 5 hosts",
    ):
        lab.kubectl(*scale, "--replicas=2")


def test_flannel_deleted_on_one_node(lab: Lab) -> None:
    def patched(change: str, strategy: str) -> None:
        terms = (
            "/spec/template/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms"
        )
        where = f'"path": "{terms}/0/matchExpressions/1"'
        kept_away = '{"key": "kubernetes.io/hostname", "operator": "NotIn", "values": ["worker1"]}'
        expression = (
            f'{{"op": "add", {where}, "value": {kept_away}}}' if change == "add" else f'{{"op": "remove", {where}}}'
        )
        # Under OnDelete the other nodes' pods are left alone by both changes.
        update = f'{{"op": "replace", "path": "/spec/updateStrategy", "value": {{"type": "{strategy}"}}}}'
        patch = ("patch", "daemonset", "kube-flannel-ds", "--type=json", "-p", f"[{update}, {expression}]")
        lab.kubectl("-n", "kube-flannel", *patch)

    patched("add", "OnDelete")
    pods = ("-n", "kube-flannel", "get", "pods", "--field-selector", "spec.nodeName=worker1", "-o", "name")
    until(lambda: lab.kubectl(*pods).strip() == "", SECONDS_FOR_A_WATCH, "flannel is gone from worker1")
    with broken(lab, "worker1: no kube-flannel-ds runs on worker1."):
        patched("remove", "RollingUpdate")


def test_an_api_server_that_is_stopped(lab: Lab) -> None:
    lab.host("master2", "mv /etc/kubernetes/manifests/kube-apiserver.yaml /root/")
    answers = "curl -ks -o /dev/null https://10.0.12.55:6443/livez && echo yes || true"
    until(lambda: lab.host("master2", answers) == "", SECONDS_FOR_A_WATCH, "master2's API server has stopped")
    with broken(lab, "master2: its API server does not answer from 5 of 5 hosts: no connection"):
        lab.host("master2", "mv /root/kube-apiserver.yaml /etc/kubernetes/manifests/")


def probes_left(lab: Lab) -> str:
    return lab.kubectl("get", "namespaces", "-l", "k8s-ha/probe=true", "-o", "name")


def test_a_probe_of_a_working_cluster_leaves_nothing(lab: Lab) -> None:
    # kube-proxy 1.20 may learn of a new Service minutes late, and the probe then waits for it.
    run = verify(lab, "probe=True", verify_timeout_seconds=SECONDS_FOR_A_WATCH)
    assert run.returncode == 0, run.stderr
    assert "Pods of our own on 5 nodes reached each other and 5 Services; they are gone again." in run.stderr
    assert probes_left(lab) == ""


def test_a_dry_run_of_a_probe_makes_no_pod(lab: Lab) -> None:
    run = lab.pyinfra("--dry", "probe=True", deploy="k8s_ha.verify")
    assert run.returncode == 0, run.stderr
    assert "Probe the network with pods of our own" in run.stderr
    assert probes_left(lab) == ""


def test_a_probe_whose_image_does_not_exist_names_it_and_leaves_nothing(lab: Lab) -> None:
    mirror = {"probe_image": "docker.io/library/absent:1"}
    run = verify(lab, "probe=True", verify_timeout_seconds=5, mirror=mirror)
    assert run.returncode == 1, run.stderr
    reported = " ".join(run.stderr.split())
    for node in ("master1", "worker2"):
        assert f"{node}: the probe's pod on {node} (image docker.io/library/absent:1) does not run: " in reported
    assert "docker.io/library/absent:1: not found" in reported
    assert probes_left(lab) == ""


def test_an_etcd_member_that_was_removed(lab: Lab) -> None:
    lab.kubectl(*ETCDCTL, "member", "remove", etcd_members(lab)["master3"])
    run = verify(lab, verify_timeout_seconds=3)
    assert run.returncode == 1
    reported = " ".join(run.stderr.split())
    assert "master3: master3 is no member of etcd, which has " in reported, run.stderr
    assert "master1: " not in reported.partition("The cluster does not work")[2], run.stderr
    assert str(KUBECONFIG) not in reported


def test_the_next_run_makes_it_a_member_again(lab: Lab) -> None:
    lab.results()
    assert sorted(etcd_members(lab)) == list(CONTROL_PLANES)
    run = verify(lab, "probe=True", verify_timeout_seconds=SECONDS_FOR_A_WATCH)
    assert run.returncode == 0, run.stderr
