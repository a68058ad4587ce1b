"""The source document's own cluster, told in order: Docker, Aliyun's mirrors, CentOS 7, RHEL 8 and Rocky 8 mixed."""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.lab.checks import (
    NODES,
    PKI,
    changed_by,
    check_a_boot,
    check_a_second_run_changes_nothing,
    check_drift,
    check_every_pod_of_the_road,
    check_kubectl_on_the_admin_host,
    pulls,
    ready_nodes,
)
from tests.lab.client import KUBECONFIG, REPORTS, SECONDS_FOR_A_WATCH, Lab, meanwhile, until
from tests.lab.digest import KINDS
from tests.lab.odd.drifts import DOCKER, Drift
from tests.lab.odd.lived_with import DOCUMENT, LivedWith
from tests.lab.secret_scan import PRIVATE_KEYS, in_texts, on_host, process_lists
from tests.scenarios.crash import killed_at
from tests.support.finding_rows import rows
from tests.support.told_secrets import VARIABLE

pytestmark = pytest.mark.lab

EL7, RHEL_8, ROCKY_8 = "master1", "worker2", "master3"
DOCKER_REPO = "http://mirrors.aliyun.com/docker-ce/linux/centos/docker-ce.repo"
MIRROR = "gvfjy25r.mirror.aliyuncs.com"
OTHER_MIRROR = "docker.m.daocloud.io"
ETCD = (
    f"curl -fsS --cacert {PKI}/ca.crt --cert {PKI}/healthcheck-client.crt --key {PKI}/healthcheck-client.key "
    "https://127.0.0.1:2379/v3/cluster"
)


@pytest.fixture(scope="module")
def lab(document_lab: Lab) -> Lab:
    # A kubeconfig of the other lab would hide that this one was never fetched.
    KUBECONFIG.unlink(missing_ok=True)
    return document_lab


@pytest.fixture(scope="module", autouse=True)
def made(lab: Lab) -> None:
    """What the hosts hold before the build."""
    for odd in DOCUMENT:
        lab.host(odd.host, odd.make)


def refused_without_a_change(lab: Lab, kinds: Sequence[str] = KINDS, **settings: Any) -> str:
    """What a run printed that was refused before anything was changed on any host.

    + kinds: of the digest, that must not differ
    """
    before = lab.digest(kinds)
    run = lab.pyinfra("-y", **settings)
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert not lab.digest(kinds) ^ before
    return run.stderr


def test_a_dry_run_on_virgin_hosts_of_every_flavour_changes_nothing(lab: Lab) -> None:
    before = lab.digest()
    run = lab.pyinfra("--dry")
    assert run.returncode == 0, run.stderr
    for operation in (
        "Point CentOS's own repositories at the vault",
        "Install container-selinux",
        "Install Docker",
        "Install nginx with its stream module",
        "Initialize the cluster on master1",
        "Install kubectl",
    ):
        assert operation in run.stderr
    assert not lab.digest() ^ before


def test_the_weakest_hosts_decide_and_say_so(lab: Lab) -> None:
    stderr = refused_without_a_change(lab, kubernetes_version="1.31.14", container_runtime="containerd")
    # That the mirror has no such line here is told beside it, and that the line has ended.
    found = [row for row in rows(stderr) if (row.check, row.severity) == ("kubernetes", "error")]
    assert [row.host for row in found] == ["master1", "worker1"]
    assert {row.remedy for row in found} == {"choose Kubernetes 1.30, or leave these hosts out"}


def test_the_documents_first_error_comes_on_centos_7(lab: Lab) -> None:
    lab.host(EL7, f"curl -fsS -o /etc/yum.repos.d/docker-ce.repo {DOCKER_REPO}")
    # CentOS 7's own repositories are gone since the document was written, which would be yum's first complaint.
    output = lab.host(EL7, "yum -y --disablerepo=base,updates,extras install docker-ce 2>&1; echo exit $?")
    assert "container-selinux >= 2:2.74" in output
    assert output.splitlines()[-1] == "exit 1"


@pytest.mark.parametrize("name", [RHEL_8, ROCKY_8])
def test_the_documents_second_error_comes_on_el_8(lab: Lab, name: str) -> None:
    lab.host(name, f"dnf -y install yum-utils && yum-config-manager --add-repo {DOCKER_REPO}")
    output = lab.host(name, "yum -y install docker-ce 2>&1; echo exit $?")
    assert "docker-ce" in output
    assert "package containerd.io-1.6.20-3.1.el7.x86_64 is filtered out by modular filtering" in output
    assert output.splitlines()[-1] == "exit 1"


def test_a_podman_in_the_way_is_named_and_left_alone(lab: Lab) -> None:
    lab.host(RHEL_8, "dnf -y install podman")
    stderr = refused_without_a_change(lab)
    (row,) = [row for row in rows(stderr) if row.severity == "error"]
    assert (row.host, row.check) == (RHEL_8, "runtime")
    assert row.found.startswith("podman 4.9.4")
    assert "remove_conflicting_packages" in row.remedy


def failed_with_mirrors(lab: Lab, *troubles: tuple[str, ...]) -> str:
    """What a run printed that failed for the mirrors' troubles; they are over afterwards."""
    for trouble in troubles:
        lab.run("mirror", *trouble, check=True)
    try:
        # Preflight would have said no; what a mirror does later is told by the packages' own operations.
        run = lab.pyinfra("-y", remove_conflicting_packages=True, waive=["mirrors", "repositories"])
    finally:
        lab.run("mirror", "on", check=True)
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    return run.stderr


def test_a_mirror_that_is_off_is_named_with_the_host_that_missed_it(lab: Lab) -> None:
    stderr = failed_with_mirrors(lab, ("off",))
    known = " ".join(stderr.split())
    for host in ("worker1", ROCKY_8, "master-lb"):
        # A key that is pinned is fetched before yum reads a repository, which may be the host's own.
        assert re.search(rf"{host}(: known: [^;]*(cannot be read|answers)| cannot fetch http)", known), stderr


def test_a_package_of_a_bad_signature_and_one_that_is_missing_are_named(lab: Lab) -> None:
    stderr = failed_with_mirrors(lab, ("break-signature", "kubeadm"), ("drop", "nginx-mod-stream"))
    for node in NODES:
        assert f"{node}: the signature of kubeadm-1.20.2-0.x86_64 is not by a key of its repository" in stderr
        assert "not installed" in lab.host(node, "rpm -q kubeadm", check=False)
    # yum 3 has installed the other of the two and exited 0.
    assert "master-lb: not installed: nginx-mod-stream *; yum" in stderr
    assert lab.host("master-lb", "rpm -q nginx").startswith("nginx-1.22")


# Within how many seconds of a step its operator is killed.
KILLS_BEFORE_AN_INIT = {"Install Docker": 3.0}
KILLS_UNTIL_THERE_IS_A_CLUSTER = {"Initialize the cluster": 15.0, "Create the secrets that pending joins need": 0.0}
KILLS_UNTIL_IT_IS_WHOLE = {"Join master2": 20.0, "Join the workers": 4.0}


@dataclass(frozen=True)
class Told:
    """What runs tell a test beside their output: the file of their secrets, and every process's command line."""

    secrets: Path
    command_lines: set[bytes] = field(default_factory=set)


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return Told(tmp_path_factory.mktemp("secrets") / "reported")


@contextmanager
def killed_within(lab: Lab, reported: Told, kills: Mapping[str, float], **settings: Any) -> Iterator[None]:
    """Runs whose operator is killed within these steps; what these and the block's runs tell is collected."""
    chance = random.Random(5)
    with pytest.MonkeyPatch.context() as patch, process_lists() as command_lines:
        patch.setenv(VARIABLE, str(reported.secrets))
        for step, seconds in kills.items():
            assert killed_at(lab, f"{step}:{chance.uniform(0, seconds):.1f}", **settings), step
        yield
    reported.command_lines.update(command_lines)


def test_an_init_that_fails_says_why(lab: Lab, reported: Told) -> None:
    """The next run, in the test after this, takes it back and retries."""
    broken = {"timeoutForControlPlane": "20s", "extraArgs": {"no-such-flag": "yes"}}
    settings = {"remove_conflicting_packages": True}
    with killed_within(lab, reported, KILLS_BEFORE_AN_INIT, **settings):
        run = lab.pyinfra("-y", kubeadm_patches={"ClusterConfiguration": {"apiServer": broken}}, **settings)
    assert run.returncode == 1
    assert "kubeadm-init failed with exit code 1" in run.stderr
    assert "a container of the control plane did not come up in time" in run.stderr
    assert "Traceback" not in run.stderr


def test_an_etcd_member_that_was_added_and_never_came_is_named_first(lab: Lab, reported: Told) -> None:
    """As a cut in the middle of master2's join leaves it: etcd counts two, of which one has never started."""
    with killed_within(lab, reported, KILLS_UNTIL_THERE_IS_A_CLUSTER, remove_conflicting_packages=True):
        idle = "flock -n /run/k8s-ha/kubeadm.lock echo idle"
        until(lambda: lab.host(EL7, idle, check=False) != "", SECONDS_FOR_A_WATCH, "kubeadm is done")
    assert "[reset] Deleting contents" in lab.host(EL7, "cat /var/log/k8s-ha/kubeadm-reset.log")
    lab.host(EL7, f"""{ETCD}/member/add -d '{{"peerURLs": ["https://10.0.12.55:2380"]}}'""")
    # Without etcd, the control plane's containers restart by themselves.
    stderr = refused_without_a_change(lab, ("files", "packages", "units"), remove_conflicting_packages=True)
    assert (
        "nothing was changed: etcd has no quorum: its members are master1, master2, and only master1 answers; a "
        "majority of them must; master2 was added by a join that was cut off and has never started: set "
        "recover_quorum = True to have master1 go on alone, and run this again, which joins master2 again"
    ) in " ".join(stderr.split())


@dataclass(frozen=True)
class Finish:
    """The run that finishes the cluster, told at the top of its voice, and what the runs before it and it must hide."""

    stdout: str
    stderr: str
    secrets: list[str]
    command_lines: set[bytes]


@pytest.fixture(scope="module")
def finish(lab: Lab, reported: Told) -> Finish:
    command = [
        sys.executable,
        "-m",
        "tests.support.told_secrets",
        lab.inventory,
        "deploy.py",
        "-y",
        "-vvv",
        "--diff",
        "--json",
    ]
    settings = {"remove_conflicting_packages": True, "recover_quorum": True}
    with killed_within(lab, reported, KILLS_UNTIL_IT_IS_WHOLE, **settings):
        run = lab.operator(*command, timeout=1800, settings=settings)
    assert run.returncode == 0, run.stderr[-5000:]
    return Finish(run.stdout, run.stderr, reported.secrets.read_text(encoding="utf-8").split(), reported.command_lines)


def test_an_operator_killed_in_the_middle_of_things_runs_it_again_and_it_finishes(lab: Lab, finish: Finish) -> None:
    results = json.loads(finish.stdout)["results"]
    assert (results["failed_hosts"], results["totals"]["error"]) == ([], 0)
    assert ready_nodes(lab) == sorted(NODES)
    assert "not installed" in lab.host(RHEL_8, "rpm -q podman", check=False)
    runtimes = lab.kubectl("get", "nodes", "-o", "jsonpath={.items[*].status.nodeInfo.containerRuntimeVersion}")
    assert {name.partition(":")[0] for name in runtimes.split()} == {"docker"}


def test_no_secret_is_printed_or_shown_in_a_process_list(finish: Finish) -> None:
    assert len(finish.secrets) >= 3
    printed = [finish.stdout.encode(), finish.stderr.encode(), *(path.read_bytes() for path in REPORTS.glob("*.json"))]
    assert len(printed) > 2
    looked_for = [*finish.secrets, *PRIVATE_KEYS]
    assert in_texts(looked_for, printed) == []
    assert in_texts(looked_for, finish.command_lines) == []
    assert any(b"kubeadm" in line for line in finish.command_lines)
    planted = finish.secrets[2]
    assert in_texts(looked_for, [*printed, f"x{planted}x".encode()]) == [f"{planted[:4]}…"]


def test_no_secret_is_left_on_a_host(lab: Lab, finish: Finish) -> None:
    for name in (*NODES, "master-lb"):
        assert on_host(lab, name, finish.secrets) == []
    planted = "/var/log/k8s-ha/planted.log"
    lab.run("exec", EL7, "--", "sh", "-c", f"umask 077; cat >{planted}", check=True, stdin=f"x{finish.secrets[1]}x\n")
    try:
        assert on_host(lab, EL7, finish.secrets) == [planted]
    finally:
        lab.host(EL7, f"rm {planted}")


def test_every_pod_of_the_road_runs(lab: Lab) -> None:
    check_every_pod_of_the_road(lab)


def test_kubectl_works_on_the_admin_host(lab: Lab) -> None:
    check_kubectl_on_the_admin_host(lab)


def test_a_second_run_changes_nothing(lab: Lab) -> None:
    check_a_second_run_changes_nothing(lab)


@pytest.mark.parametrize("odd", DOCUMENT, ids=lambda odd: f"{odd.host}: {odd.state}")
def test_what_a_host_held_before_the_build_is_lived_with(lab: Lab, odd: LivedWith) -> None:
    lab.host(odd.host, odd.holds)


def test_a_stray_yum_update_leaves_the_held_packages(lab: Lab) -> None:
    held = "rpm -q kubelet kubeadm kubectl docker-ce containerd.io"
    before = {name: lab.host(name, held) for name in (EL7, ROCKY_8)}
    for name in before:
        lab.host(name, "yum -y update")
    assert {name: lab.host(name, held) for name in before} == before


def test_images_came_through_the_configured_mirrors(lab: Lab) -> None:
    assert pulls(lab, "google_containers/kube-proxy") == {"registry.aliyuncs.com"}
    assert pulls(lab, "flannel-io/flannel") == {"ghcr.m.daocloud.io"}
    lab.host(EL7, "docker pull busybox:1.36")
    assert pulls(lab, "library/busybox") == {MIRROR}


def running(lab: Lab) -> dict[str, Mapping[str, list[str]]]:
    """By node: the containers with their restart counts, and the runs of the services that carry them."""
    asked = {
        "containers": "docker ps -q --no-trunc | xargs docker inspect -f '{{.Id}} {{.RestartCount}}' | sort",
        "services": "systemctl show -p Id,InvocationID containerd docker kubelet",
    }
    return {node: {what: lab.host(node, script).splitlines() for what, script in asked.items()} for node in NODES}


@contextmanager
def readiness_watched(lab: Lab) -> Iterator[list[list[str]]]:
    """Collects every answer to "which nodes are Ready" that is not "all of them"."""
    lapses: list[list[str]] = []

    def watch() -> None:
        if (ready := ready_nodes(lab)) != sorted(NODES):
            lapses.append(ready)

    with meanwhile(watch, 0.5):
        yield lapses


def test_a_switched_registry_mirror_reloads_docker_and_nothing_else(lab: Lab) -> None:
    before = running(lab)
    with readiness_watched(lab) as lapses:
        results = lab.results(registry_mirrors={"docker.io": [f"https://{OTHER_MIRROR}"]})
    assert changed_by(results) == {"Configure and start Docker"}
    assert running(lab) == before
    assert lapses == []
    for node in NODES:
        mirrors = json.loads(lab.host(node, "docker info -f '{{json .RegistryConfig.Mirrors}}'"))
        assert mirrors == [f"https://{OTHER_MIRROR}/"]


def test_a_restart_of_docker_goes_from_one_control_plane_to_the_next(lab: Lab) -> None:
    """Somebody took the cgroup driver out of daemon.json: what is wanted needs a restart of dockerd."""
    before = running(lab)
    touched = ("master1", "master2")
    for control_plane in touched:
        lab.host(control_plane, "sed -i s/native.cgroupdriver=systemd/native.umask=normal/ /etc/docker/daemon.json")
    with readiness_watched(lab):
        results = lab.results()
    assert results["totals"]["error"] == 0
    after = running(lab)
    for node in NODES:
        assert (after[node]["services"] != before[node]["services"]) == (node in touched), node
    age = {control_plane: seconds_running(lab, control_plane, "dockerd") for control_plane in touched}
    first, second = sorted(touched, key=lambda control_plane: -age[control_plane])
    assert seconds_running(lab, first, "kube-apiserver") > age[second]
    until(lambda: ready_nodes(lab) == sorted(NODES), SECONDS_FOR_A_WATCH, "all nodes are Ready")


def seconds_running(lab: Lab, host: str, program: str) -> int:
    return int(lab.host(host, f"ps -o etimes= -C {program} | head -n 1"))


@pytest.mark.parametrize("drift", DOCKER, ids=lambda drift: drift.state)
def test_a_docker_that_was_changed(lab: Lab, drift: Drift) -> None:
    check_drift(lab, drift)


def test_what_a_boot_leaves_of_a_node(lab: Lab) -> None:
    check_a_boot(lab, ROCKY_8, "docker", "Permissive")
