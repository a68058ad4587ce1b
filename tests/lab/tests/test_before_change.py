"""Preflight on real hosts: each reason to say no provoked for real, named in its row, and no host touched.

Its name sorts before the tests that build a cluster on the same six clean hosts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from k8s_ha.findings import Finding
from tests.lab.client import PYINFRA, TODAY, Lab
from tests.support.finding_rows import rows, squeezed
from tests.support.paths import PROJECT

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module", autouse=True)
def leaves_virgin_hosts(lab: Lab) -> Iterator[None]:
    """The tests after these find the hosts as these did."""
    before = lab.digest()
    yield
    assert not lab.digest() ^ before


def refused(lab: Lab, *options: str, inventory: str = "") -> list[Finding]:
    """The errors that the deploy ends with, and that not a file of any host differs afterwards."""
    before = lab.digest()
    command = [*PYINFRA, inventory or lab.inventory, "deploy.py", "-y", *options]
    run = lab.operator(*command, timeout=300)
    assert run.returncode == 1, run.stderr
    assert "Traceback" not in run.stderr
    assert "nothing was changed: " in run.stderr
    assert not lab.digest() ^ before
    return [row for row in rows(run.stderr) if row.severity == "error"]


def test_virgin_hosts_have_nothing_to_find(lab: Lab) -> None:
    run = lab.operator(*PYINFRA, lab.inventory, "k8s_ha.preflight", "--dry")
    assert run.returncode == 0, run.stderr
    assert "Preflight: 6 hosts, " in run.stderr
    assert rows(run.stderr) == []


@contextmanager
def a_web_server_at_the_apis_port(lab: Lab) -> Iterator[None]:
    serve = "/usr/libexec/platform-python -m http.server 6443 >/dev/null 2>&1 </dev/null & echo $!"
    pid = lab.host("master1", serve).strip()
    listens = "for _ in $(seq 100); do ss -ltn | grep -q :6443 && exit 0; sleep 0.1; done; exit 1"
    try:
        lab.host("master1", listens)
        yield
    finally:
        lab.host("master1", f"kill {pid}")


@contextmanager
def a_cloned_machine_id(lab: Lab) -> Iterator[None]:
    own, other = (lab.host(name, "cat /etc/machine-id") for name in ("worker2", "worker1"))
    lab.host("worker2", f"echo {other.strip()} >/etc/machine-id")
    try:
        yield
    finally:
        lab.host("worker2", f"echo {own.strip()} >/etc/machine-id")


@contextmanager
def the_mirrors_off(lab: Lab) -> Iterator[None]:
    lab.run("mirror", "off", check=True)
    try:
        yield
    finally:
        lab.run("mirror", "on", check=True)


@contextmanager
def podman(lab: Lab) -> Iterator[None]:
    # In rpm's books alone: yum would leave a key, a module's stream and runc behind.
    lab.host("worker1", 'rpm -i --justdb --nodeps --nosignature "$(dnf -q repoquery --location podman | head -n 1)"')
    try:
        yield
    finally:
        lab.host("worker1", "rpm -e --justdb --nodeps podman")


@contextmanager
def a_foreign_node(lab: Lab) -> Iterator[None]:
    lab.host("master2", "mkdir /etc/kubernetes && echo '  server: https://10.9.9.9:6443' >/etc/kubernetes/kubelet.conf")
    try:
        yield
    finally:
        lab.host("master2", "rm -r /etc/kubernetes")


@contextmanager
def a_join_cut_off(lab: Lab) -> Iterator[None]:
    lab.host("worker1", "mkdir -p /etc/kubernetes/pki && echo pem >/etc/kubernetes/pki/ca.crt")
    try:
        yield
    finally:
        lab.host("worker1", "rm -r /etc/kubernetes")


@contextmanager
def another_pod_network(lab: Lab) -> Iterator[None]:
    lab.host("worker1", "mkdir -p /etc/cni/net.d && echo '{}' >/etc/cni/net.d/10-calico.conflist")
    try:
        yield
    finally:
        lab.host("worker1", "rm -r /etc/cni")


def route(host: str, *words: str) -> Callable[[Lab], AbstractContextManager[None]]:
    @contextmanager
    def provoked(lab: Lab) -> Iterator[None]:
        lab.host(host, f"ip route add {' '.join(words)}")
        try:
            yield
        finally:
            lab.host(host, f"ip route del {' '.join(words)}")

    return provoked


DOCKER = "https://download.docker.com/linux/rhel/8/x86_64/stable"
KUBERNETES = f"https://pkgs.k8s.io/core:/stable:/v{TODAY.rpartition('.')[0]}/rpm"
ROCKYS = "[appstream] of /etc/yum.repos.d/Rocky-AppStream.repo: http://dl.rockylinux.org/lab/appstream/ does not answer"
PROVOKED: dict[str, tuple[Callable[[Lab], AbstractContextManager[None]], list[tuple[str, str, str]]]] = {
    "a port taken": (
        a_web_server_at_the_apis_port,
        [("master1", "ports", "listens on port 6443")],
    ),
    "a cloned machine-id": (
        a_cloned_machine_id,
        [
            ("worker1", "machine-id", "/etc/machine-id is that of worker2 too"),
            ("worker2", "machine-id", "/etc/machine-id is that of worker1 too"),
        ],
    ),
    "the mirrors off": (
        the_mirrors_off,
        [
            *(
                (host, check, words)
                for host in ("master1", "master2", "master3", "worker1", "worker2")
                for check, words in (
                    ("mirrors", f"{DOCKER}/repodata/repomd.xml does not answer"),
                    ("mirrors", f"{KUBERNETES}/repodata/repomd.xml does not answer"),
                    ("repositories", ROCKYS),
                )
            ),
            # As an admin host it gets kubectl.
            ("master-lb", "mirrors", f"{KUBERNETES}/repodata/repomd.xml does not answer"),
            ("master-lb", "repositories", ROCKYS),
        ],
    ),
    "podman": (podman, [("worker1", "runtime", "is installed")]),
    "a node of another cluster": (
        a_foreign_node,
        [
            ("master2", "hostname", "is a node named ip-10-0-12-55"),
            ("master2", "cluster", "belongs to another cluster (https://10.9.9.9:6443)"),
        ],
    ),
    "a join that was cut off": (
        a_join_cut_off,
        [("worker1", "cluster", "holds /etc/kubernetes/pki/ca.crt, which nothing shows to be this cluster's")],
    ),
    "another pod network": (another_pod_network, [("worker1", "cni", "/etc/cni/net.d holds 10-calico.conflist")]),
    "a route into the pods' network": (
        route("worker1", "10.244.9.0/24", "via", "10.0.0.1"),
        [("worker1", "networks", "its route 10.244.9.0/24 via 10.0.0.1 dev eth0 overlaps pod_cidr 10.244.0.0/16")],
    ),
    "no route to the endpoint": (
        route("master3", "unreachable", "10.0.1.157"),
        [("master3", "endpoint", "has no route to the endpoint 10.0.1.157:6443")],
    ),
}


@pytest.mark.parametrize(("provoke", "expected"), PROVOKED.values(), ids=PROVOKED)
def test_what_stands_in_the_way_is_named_before_the_first_change(
    lab: Lab, provoke: Callable[[Lab], AbstractContextManager[None]], expected: list[tuple[str, str, str]]
) -> None:
    with provoke(lab):
        found = sorted(refused(lab), key=lambda row: (row.host, row.check, squeezed(row.found)))
    wanted = sorted(expected, key=lambda row: (*row[:2], squeezed(row[2])))
    assert [(row.host, row.check) for row in found] == [(host, check) for host, check, _ in wanted]
    for row, (_, _, words) in zip(found, wanted, strict=True):
        assert squeezed(words) in squeezed(row.found)


def test_an_address_that_the_host_has_not(lab: Lab, tmp_path: Path) -> None:
    folder = tmp_path / "group_data"
    folder.mkdir()
    (folder / "all.py").write_text((PROJECT / "tests/lab/group_data/all.py").read_text("utf-8"), encoding="utf-8")
    inventory = tmp_path / "inventory.py"
    moved = "dict(workers)['worker1']['k8s_ha_host'] = {'address': '10.0.99.99'}"
    inventory.write_text(f"from tests.lab.inventory import *\n{moved}\n", encoding="utf-8")
    (row,) = refused(lab, inventory=str(inventory))
    assert (row.host, row.check) == ("worker1", "address")
    assert row.found == "10.0.99.99 is on none of its interfaces (10.0.12.16)"


def test_a_login_that_may_not_become_root(lab: Lab) -> None:
    (row,) = refused(lab, "--data", "_sudo_password=")
    assert (row.host, row.check, row.found) == ("worker2", "root", "it says 'sudo: a password is required'")


def test_a_host_behind_a_dead_link(lab: Lab) -> None:
    lab.run("link", "worker2", "down", check=True)
    try:
        run = lab.operator(*PYINFRA, lab.inventory, "k8s_ha.preflight", "-y")
    finally:
        lab.run("link", "worker2", "up", check=True)
    assert [(row.host, row.check, row.severity) for row in rows(run.stderr)] == [("worker2", "unreachable", "warning")]
