"""What the rules say of hosts that really told it, and of the same words with one thing changed.

Six containers share one kernel, one memory and one clock: of those, one word of a recording is changed.
"""

from __future__ import annotations

import runpy
from typing import Any
from unittest.mock import patch

import pytest

from k8s_ha.facts.preflight import PreflightFacts
from k8s_ha.facts.survey import Survey
from k8s_ha.findings import Finding
from k8s_ha.preflight_checks.model import DownloadSource, HostContext, Listener
from k8s_ha.preflight_checks.rules import preflight_findings
from k8s_ha.preflight_checks.survey import survey_findings
from k8s_ha.settings import Cluster, load_cluster
from tests.support.cases import warning
from tests.support.example_cluster import six_hosts
from tests.support.node_views import CLEAN, recorded
from tests.support.paths import PROJECT
from tests.support.surveys import survey


def lab(group_data: str, **settings: Any) -> Cluster:
    """The cluster that the lab's hosts were asked about."""
    *nodes, balancer = six_hosts()
    with patch("tests.lab.state.load", return_value=None):  # whatever lab is up now
        own = runpy.run_path(str(PROJECT / "tests/lab" / group_data / "all.py"))["k8s_ha"]
    return load_cluster(own | settings, [*nodes, balancer | {"role": ["load_balancer", "admin"]}])


ROCKY, DOCUMENT = lab("group_data"), lab("document/group_data")


def _numbered(line: str, urls: list[str]) -> str:
    key, _, rest = line.partition(" ")
    url, _, answer = rest.partition(" ")
    return f"answer {urls.index(url)} {answer}" if key == "answer" else line


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A host as the recording tells it.

    + skew: seconds that its clock is ahead of the operator's
    + changed: words of the recording, and what is told in their place
    """

    def context(
        name: str, recording: str, cluster: Cluster = ROCKY, skew: float = 0, changed: tuple[str, str] = ("", "")
    ) -> HostContext:
        assert changed[0] in "\n".join(recorded(recording))
        lines = [line.replace(*changed) if changed[0] else line for line in recorded(recording)]
        moments = {key: float(value) for key, _, value in (line.partition(" ") for line in (lines[0], lines[-1]))}
        preflight = PreflightFacts()
        # The script calls a source by its number; the recordings call it by its URL, to be read.
        urls = [line.split()[1] for line in lines if line.startswith("answer ")]
        preflight.sources = [DownloadSource("repository", url) for url in urls]
        lines = [_numbered(line, urls) for line in lines]
        preflight.asked = moments["began"] - skew - 0.1
        monkeypatch.setattr("k8s_ha.facts.preflight.time.time", lambda: moments["ended"] - skew + 0.1)
        return HostContext(cluster, cluster.host(name), survey(8, extras=True), preflight.parse(lines))

    return context


def test_virgin_hosts(reported: Any) -> None:
    contexts = [reported("master1", "preflight-virgin"), reported("master-lb", "preflight-balancer-virgin")]
    assert preflight_findings(contexts) == []
    preflight = contexts[0].preflight
    assert (preflight.cpus, preflight.memory_mib, preflight.selinux, preflight.firewalld) == (
        2,
        24105,
        "Enforcing",
        True,
    )
    assert preflight.view == CLEAN
    assert preflight.listeners == (Listener(22, "sshd", 65), Listener(22, "sshd", 65))
    assert preflight.endpoint_route == "10.0.1.157 dev eth0 src 10.0.11.18 uid 0"
    assert {disk.folder: (disk.kind, disk.mount) for disk in preflight.disks} == {
        "/var": ("overlay", "/"),
        "/var/lib/kubelet": ("ext4", "/var/lib/kubelet"),
        "/var/lib/containerd": ("ext4", "/var/lib/containerd"),
        "/var/lib/etcd": ("overlay", "/"),
    }
    assert preflight.answers is not None
    assert {answer.status for answer in preflight.answers.values()} == {200}


def test_a_virgin_centos_7() -> None:
    centos = Survey().parse(recorded("survey-centos-7"))
    assert (centos.os_id, centos.el_major, centos.extras, centos.installed) == ("centos", 7, True, {})
    assert survey_findings({"master1": centos}, DOCUMENT) == []


def test_what_this_run_will_change_on_centos_7(reported: Any) -> None:
    centos = Survey().parse(recorded("survey-centos-7"))
    preflight = reported("master1", "preflight-centos-7", DOCUMENT).preflight
    found = preflight_findings([HostContext(DOCUMENT, DOCUMENT.host("master1"), centos, preflight)])
    assert [(finding.check, finding.found, finding.severity) for finding in found] == [
        ("selinux", "SELinux enforces", "warning"),
        ("firewalld", "firewalld runs", "warning"),
    ]


def test_swap(reported: Any) -> None:
    assert preflight_findings([reported("worker1", "preflight-swap")]) == [
        warning(
            "worker1",
            "swap",
            "swaps to /tmp/tmp.tcBXqr49LP/swap",
            "the kubelet does not start beside swap",
            "nothing: this run turns it off, now and at boot; see that memory suffices",
        )
    ]


def test_clocks(reported: Any) -> None:
    right = [reported("master1", "preflight-virgin"), reported("master-lb", "preflight-balancer-virgin")]
    wrong = reported("worker1", "preflight-swap", skew=90.2, changed=("swap /", "unknown /"))
    assert preflight_findings([*right, wrong]) == [
        Finding(
            "worker1",
            "clock",
            "its clock is 90 s ahead of that of master1 and 1 more",
            "5 s at most, for certificates and etcd",
            "set it, and have chronyd keep it",
        )
    ]


def test_memory_and_processors(reported: Any) -> None:
    small = reported("master1", "preflight-virgin", changed=("memory 24684092", "memory 1572864"))
    assert preflight_findings([small]) == [
        Finding(
            "master1",
            "memory",
            "1536 MB of memory",
            "kubeadm asks for 1700 MB on a control plane, and advises it on a worker",
            "give it more",
        )
    ]
    single = reported("master1", "preflight-virgin", changed=("cpus 2", "cpus 1"))
    assert [str(finding) for finding in preflight_findings([single])] == [
        "master1: 1 CPU; kubeadm asks for 2 on a control plane; give it another one"
    ]


def test_cgroups_that_are_off(reported: Any) -> None:
    off = reported("master1", "preflight-virgin", changed=("cgroup memory", "unknown memory"))
    assert [str(finding) for finding in preflight_findings([off])] == [
        "master1: cgroup controllers are off: memory; kubeadm asks for them; remove cgroup_disable from the kernel's "
        "command line and boot again"
    ]


def test_a_kernel_without_the_modules(reported: Any) -> None:
    old = reported("master1", "preflight-virgin", changed=("firewalld yes", "lacking_module br_netfilter"))
    assert [str(finding) for finding in preflight_findings([old])] == [
        "master1: kernel 4.18.0-553.el8_10.x86_64 has no module br_netfilter; pods need it; boot the kernel that is "
        "installed, or install the modules of the one that runs"
    ]


def test_the_kernel_of_centos_7_and_nftables() -> None:
    lines = [line.replace("6.18.44-fc-v657", "3.10.0-1160.el7.x86_64") for line in recorded("survey-centos-7")]
    cluster = lab("group_data", kubernetes_version="1.31.14", kube_proxy_mode="nftables")
    found = survey_findings({"master1": Survey().parse(lines)}, cluster)
    assert [(finding.check, finding.found) for finding in found] == [
        ("kubernetes", "Kubernetes 1.31.14 does not run on EL7, kernel 3.10, cgroup v1"),
        ("kernel", "its kernel is 3.10.0-1160.el7.x86_64"),
    ]
