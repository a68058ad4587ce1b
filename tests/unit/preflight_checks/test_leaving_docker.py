"""A node that goes from Docker to containerd is judged as one that gets its first runtime."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_ha.desired.kubeadm_config import cri_socket
from k8s_ha.observations.dockerd_flags import CONFIG
from k8s_ha.observations.runtimes import RuntimeState
from k8s_ha.preflight_checks.download_sources import needed
from k8s_ha.preflight_checks.model import Disk, HostContext
from tests.support.cases import GIB, context, found
from tests.support.example_cluster import six_host_cluster


def leaving(
    settings: dict[str, Any] | None = None, surveyed: dict[str, Any] | None = None, **looked: Any
) -> HostContext:
    given = {"node": True, "hostname": "worker1", "cri": "dockershim", **(surveyed or {})}
    return context(settings=settings, surveyed=given, **looked)


def daemon_json(text: str) -> dict[str, RuntimeState]:
    return {"runtime": RuntimeState(configs={CONFIG: text.encode()})}


XFS = Disk("/var/lib/containerd", "xfs", 100 * GIB, 60 * GIB, "/", ftype=False)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (leaving(), []),
        (leaving(docker_containers=("registry", "proxy")), ["its Docker has registry, proxy, which no pod has"]),
        (leaving(docker_containers=None), ["its Docker does not tell its containers"]),
        (leaving(surveyed={"cri": "containerd"}, docker_containers=None), []),
        (
            leaving(surveyed={"kubelet_flags_odd": True}),
            ['its /var/lib/kubelet/kubeadm-flags.env has no line KUBELET_KUBEADM_ARGS="…"'],
        ),
        (leaving(**daemon_json('{"exec-opts": [], "registry-mirrors": []}')), []),
        (leaving(**daemon_json("no JSON")), []),
        (
            leaving(**daemon_json('{"insecure-registries": ["r:5000"], "registry-mirrors": ["https://m.example"]}')),
            ["its /etc/docker/daemon.json has insecure-registries, registry-mirrors"],
        ),
        (
            leaving(
                {"registry_mirrors": {"docker.io": ["https://m.example"]}},
                **daemon_json('{"registry-mirrors": ["https://m.example"]}'),
            ),
            [],
        ),
        (leaving(disks=(XFS,)), ["the xfs of /, below /var/lib/containerd, has ftype=0"]),
    ],
)
def test_what_stands_against_it(given: HostContext, told: list[str]) -> None:
    findings = [finding for finding in found(given) if finding.severity == "error"]
    assert [finding.found for finding in findings] == told


def test_registries_are_asked_before_it_moves() -> None:
    moving, standing = leaving(), leaving(surveyed={"cri": "containerd"})
    kinds = [[each.kind for each in needed(one.cluster, one.host, one.survey)] for one in (moving, standing)]
    assert ["registry" in each for each in kinds] == [True, False]


def test_a_host_is_reset_through_the_runtime_that_it_has() -> None:
    cluster = six_host_cluster()
    assert cri_socket(cluster) == "unix:///run/containerd/containerd.sock"
    assert cri_socket(cluster, "dockershim") == "/var/run/dockershim.sock"
    assert cri_socket(cluster, "cri-dockerd") == "unix:///var/run/cri-dockerd.sock"
