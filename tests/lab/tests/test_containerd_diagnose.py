"""An archive for a report of an error, of the finished cluster and of one whose kubelet is stopped."""

from __future__ import annotations

import tarfile

import pytest

from tests.lab.client import REPORTS, Lab

pytestmark = [pytest.mark.lab, pytest.mark.long]

SECRETS = """grep -h client-key-data /etc/kubernetes/*.conf | cut -d: -f2
sed -n 2p /etc/kubernetes/pki/ca.key
sed -n 2p /etc/kubernetes/pki/sa.key"""


@pytest.fixture(scope="module", autouse=True)
def finished_cluster(lab: Lab) -> None:
    """The cluster as the deploy leaves it, also where an earlier test has just shaken it."""
    lab.results()


def diagnosed(lab: Lab) -> dict[str, str]:
    """The texts of the archive that a run leaves."""
    earlier = set(REPORTS.glob("*.tar.gz"))
    run = lab.pyinfra("-y", deploy="k8s_ha.diagnose")
    assert run.returncode == 0, run.stderr
    (path,) = set(REPORTS.glob("*.tar.gz")) - earlier
    with tarfile.open(path) as tar:
        return {
            entry.name.partition("/")[2]: content.read().decode()
            for entry in tar
            if (content := tar.extractfile(entry))
        }


def test_a_working_cluster(lab: Lab) -> None:
    before = lab.digest()
    held = diagnosed(lab)
    assert not lab.digest() ^ before
    assert held["findings.txt"] == "The checks found nothing.\n"
    assert '"health":"true"' in held["hosts/master1/etcd.txt"]
    assert "kube-apiserver" in held["hosts/master1/containers.txt"]
    assert "/etc/kubernetes/pki/apiserver.crt" in held["hosts/master1/certificates.txt"]
    assert any(name.startswith("hosts/master1/pods/pods_kube-system_etcd-master1_") for name in held)
    assert "kube-api-server.conf" in held["hosts/master-lb/nginx.txt"]
    assert all(f" {name} " in held["cluster/nodes.txt"].replace("\n", " \n ") for name in ("master1", "worker2"))
    everything = "".join(held.values())
    assert [secret for secret in lab.host("master1", SECRETS).split() if secret in everything] == []


def test_a_kubelet_that_is_stopped(lab: Lab) -> None:
    lab.host("master1", "systemctl stop kubelet.service")
    try:
        held = diagnosed(lab)
    finally:
        lab.host("master1", "systemctl start kubelet.service")
    assert "ActiveState=inactive" in held["hosts/master1/units.txt"]
    assert "kubelet" in held["findings.txt"]
    assert "Stopped " in held["hosts/master1/journal-kubelet.txt"]
