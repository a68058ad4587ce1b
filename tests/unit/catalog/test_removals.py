"""What components no longer know: (who, from where, to where) -> flags and feature gates."""

from __future__ import annotations

import pytest

from k8s_ha.catalog import compatibility
from k8s_ha.catalog.removals import (
    CLEANED_BY_KUBEADM,
    Component,
    GateOwner,
    lost,
    removed_flags,
    removed_gates,
)

COMPONENTS: tuple[Component, ...] = (
    "kubelet",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "etcd",
)
OLDEST, NEWEST = compatibility.OLDEST.minor, compatibility.NEWEST.minor


@pytest.mark.parametrize(
    ("component", "since", "to", "flags"),
    [
        ("kubelet", 34, 35, {"pod-infra-container-image": 35}),
        ("kubelet", 35, 36, {}),
        ("kubelet", 33, 35, {"cloud-config": 34, "register-schedulable": 34, "pod-infra-container-image": 35}),
        ("kubelet", 26, 27, {"container-runtime": 27}),
        ("kube-apiserver", 32, 33, {"cloud-config": 33, "cloud-provider": 33}),
        ("kube-apiserver", 33, 37, {}),
        ("kube-controller-manager", 26, 27, {"enable-taint-manager": 27, "pod-eviction-timeout": 27}),
        ("kube-scheduler", 29, 37, {}),
        ("etcd", 36, 37, {"experimental-*": 37}),
        ("etcd", 35, 36, {}),
    ],
)
def test_flags_that_are_lost_on_the_way(component: Component, since: int, to: int, flags: dict[str, int]) -> None:
    assert removed_flags(component, since, to) == flags


@pytest.mark.parametrize(
    ("owner", "since", "to", "gates"),
    [
        ("kubeadm", 35, 36, {"ControlPlaneKubeletLocalMode": 36}),
        ("kubeadm", 36, 37, {"NodeLocalCRISocket": 37, "PublicKeysECDSA": 37}),
        ("kubeadm", 31, 32, {}),
        (
            "Kubernetes",
            33,
            34,
            dict.fromkeys(
                (
                    *("DevicePluginCDIDevices", "ElasticIndexedJob", "LegacySidecarContainers"),
                    *("PodDisruptionConditions", "StatefulSetStartOrdinal"),
                ),
                34,
            ),
        ),
    ],
)
def test_gates_that_are_lost_on_the_way(owner: GateOwner, since: int, to: int, gates: dict[str, int]) -> None:
    assert removed_gates(owner, since, to) == gates


@pytest.mark.parametrize("component", COMPONENTS)
def test_what_is_patched_within_a_minor_loses_nothing(component: Component) -> None:
    assert not any(removed_flags(component, minor, minor) for minor in compatibility.LINES)


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_way_loses_what_its_hops_lose(component: Component) -> None:
    hops = [removed_flags(component, minor - 1, minor) for minor in range(OLDEST + 1, NEWEST + 1)]
    assert removed_flags(component, OLDEST, NEWEST) == {flag: minor for hop in hops for flag, minor in hop.items()}


def test_patterns_find_names() -> None:
    removed = removed_flags("etcd", 36, 37)
    assert lost(["experimental-initial-corrupt-check", "quota-backend-bytes"], removed) == {
        "experimental-initial-corrupt-check": 37
    }


def test_what_kubeadm_cleans_goes_by_then_or_a_minor_later() -> None:
    removed = removed_flags("kubelet", OLDEST, NEWEST)
    assert all(removed[flag] - minor in (0, 1) for flag, minor in CLEANED_BY_KUBEADM.items())
