"""The Kubernetes version where the settings name none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from k8s_ha.catalog import compatibility
from k8s_ha.catalog.lifetimes import bad_patch
from k8s_ha.cluster_state.version_choice import NoVersion, choose_version
from k8s_ha.facts.survey import Survey
from k8s_ha.observations.node import HostSurvey
from k8s_ha.settings import Cluster, SettingsError, load_cluster
from tests.support.example_cluster import OWN_KUBERNETES, six_hosts
from tests.support.node_views import recorded

HOST = Survey().parse(recorded("survey-balancer"))
EL7 = replace(HOST, os_version="7", kernel="3.10.0-1160.el7.x86_64", cgroup=1)
EL8 = replace(HOST, os_version="8.10", kernel="4.18.0-553.el8_10.x86_64", cgroup=1)
EL8_V2 = replace(EL8, cgroup=2)
EL9 = replace(HOST, os_version="9.6", kernel="5.14.0-570.el9.x86_64", cgroup=2)
EL10 = replace(HOST, os_version="10.0", kernel="6.12.0-55.el10.x86_64", cgroup=2)
NEWEST = "1.37.2"


def cluster_of(**settings: Any) -> Cluster:
    return load_cluster(settings, six_hosts())


def surveys(first: HostSurvey, *others: HostSurvey) -> dict[str, HostSurvey]:
    """The first survey of all hosts, others of those that come first in the inventory."""
    names = [host["name"] for host in six_hosts()]
    return dict.fromkeys(names, first) | dict(zip(names, others, strict=False))


NEW: dict[str, tuple[dict[str, HostSurvey], dict[str, Any], str, str]] = {
    "EL7": (surveys(EL7), {}, "1.30.14", "of 1.31: the last containerd.io built for EL7"),
    "EL8 on cgroup v1": (surveys(EL8), {}, "1.34.11", "of 1.35: its kubelet asks for cgroup v2"),
    "EL8 on cgroup v2": (surveys(EL8_V2), {}, NEWEST, "the newest that is known"),
    "EL9": (surveys(EL9), {}, NEWEST, "the newest that is known"),
    "EL10": (surveys(EL10), {}, NEWEST, "the newest that is known"),
    "EL7 among EL9": (surveys(EL9, EL7), {}, "1.30.14", "master1 (EL7, kernel 3.10, cgroup v1)"),
    "EL8 among EL10": (surveys(EL10, EL10, EL8), {}, "1.34.11", "master2 (EL8, kernel 4.18, cgroup v1)"),
    "a balancer does not count": (surveys(EL9) | {"master-lb": EL7}, {}, NEWEST, "the newest that is known"),
    "risks that are accepted do not count": (
        surveys(EL8),
        {"accepted_risks": ["SystemVerification", "cgroup-v1"]},
        "1.34.11",
        "asks for cgroup v2",
    ),
    "a worker could not be asked": (
        {name: EL9 for name in surveys(EL9) if name != "worker2"},
        {},
        NEWEST,
        "the newest that is known, without worker2, which could not be asked",
    ),
    "no Enterprise Linux": (surveys(replace(EL9, os_id="arch", os_like=())), {}, NEWEST, "the newest"),
    "a mode of kube-proxy": (surveys(EL9), {"kube_proxy_mode": "nftables"}, NEWEST, "the newest that is known"),
    "arguments in the form of older lines": (
        surveys(EL9),
        {"kubeadm_patches": {"ClusterConfiguration": {"scheduler": {"extraArgs": {"v": "4"}}}}},
        NEWEST,
        "the newest",
    ),
    "arguments in the form of newer lines": (
        surveys(EL9),
        {"kubeadm_patches": {"ClusterConfiguration": {"scheduler": {"extraArgs": [{"name": "v", "value": "4"}]}}}},
        NEWEST,
        "the newest",
    ),
    "an own source of packages": (surveys(EL9), {"mirror": OWN_KUBERNETES}, NEWEST, "the newest that is known"),
}


@pytest.mark.parametrize(("hosts", "settings", "version", "reason"), NEW.values(), ids=NEW)
def test_without_a_cluster(hosts: dict[str, HostSurvey], settings: dict[str, Any], version: str, reason: str) -> None:
    choice = choose_version(cluster_of(**settings), hosts)
    assert choice.version == version
    assert reason in choice.reason


IMAGE = "registry.k8s.io/kube-apiserver:v1.31.9"
NODE = replace(EL9, node=True, api_server_image=IMAGE)
STANDING: dict[str, tuple[dict[str, HostSurvey], str]] = {
    "the first control plane tells": (surveys(EL9, NODE), "1.31.9"),
    "the second one does": (surveys(EL9, EL9, NODE), "1.31.9"),
    "most of them do": (surveys(EL9, replace(NODE, api_server_image="r/kube-apiserver:v1.25.3"), NODE, NODE), "1.31.9"),
    "an image with a digest": (surveys(EL9, replace(NODE, api_server_image=f"{IMAGE}@sha256:00")), "1.31.9"),
    "an image of the owner's own, by its kubelet": (
        surveys(EL9, replace(NODE, api_server_image="r/k:own", installed={"kubelet": "1.31.9-1"})),
        "1.31.9",
    ),
    "control planes go before workers": (
        surveys(replace(EL9, node=True, installed={"kubelet": "1.29.15-150500.1.1"}), NODE, EL9, EL9),
        "1.31.9",
    ),
    "workers alone, by a kubelet": (
        {"worker1": replace(EL9, node=True, installed={"kubelet": "1.29.15-150500.1.1"})},
        "1.29.15",
    ),
    "what is no node does not stand": (surveys(replace(EL9, installed={"kubelet": "1.29.15-150500.1.1"})), NEWEST),
    "an image of no version": (surveys(replace(NODE, api_server_image="x@sha256:0")), NEWEST),
}


@pytest.mark.parametrize(("hosts", "version"), STANDING.values(), ids=STANDING)
def test_what_stands_never_moves_by_itself(hosts: dict[str, HostSurvey], version: str) -> None:
    choice = choose_version(cluster_of(), hosts)
    assert choice.version == version
    assert ("the cluster stands with it" in choice.reason) is (version != NEWEST)


def test_control_planes_that_could_not_be_asked_end_the_run() -> None:
    with pytest.raises(NoVersion, match="master1, master2, master3 could not be asked which Kubernetes"):
        choose_version(cluster_of(), {"worker1": EL9})


def test_a_line_that_stands_and_is_not_known_ends_the_run() -> None:
    with pytest.raises(NoVersion, match=r"master1 stands with Kubernetes 1\.19\.16; 1\.20 to 1\.37 are known"):
        choose_version(cluster_of(), surveys(replace(NODE, api_server_image="r/kube-apiserver:v1.19.16")))


def test_settings_that_do_not_fit_what_stands_end_the_run() -> None:
    with pytest.raises(NoVersion, match=r"it works from 1\.31 on"):
        choose_version(
            cluster_of(kube_proxy_mode="nftables"), surveys(replace(NODE, api_server_image="r/kube-apiserver:v1.30.14"))
        )


def test_settings_that_fit_no_version_are_refused_before_connecting() -> None:
    patch = {"ClusterConfiguration": {"kubernetesVersion": "v1.30.0"}}
    with pytest.raises(SettingsError, match="kubernetesVersion"):
        cluster_of(kubeadm_patches=patch)


def test_every_lines_newest_release_is_a_version_without_a_known_fault() -> None:
    assert all(bad_patch(line.minor, line.patch) is None for line in compatibility.LINES.values())
