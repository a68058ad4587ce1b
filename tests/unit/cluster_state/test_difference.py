"""Each setting changed on a standing cluster: what differs, and whether the run ends with it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from k8s_ha.catalog.setting_changes import SETTINGS, Effect, kube_proxy_mode_change
from k8s_ha.cluster_state.difference import Unreadable, cluster_differences
from k8s_ha.cluster_state.node_difference import differences
from k8s_ha.desired.kubeadm_config import kept_configuration
from k8s_ha.preflight_checks.standing import standing_findings
from k8s_ha.settings import ClusterSettings
from tests.support.example_cluster import OWN_KUBERNETES, six_host_cluster
from tests.support.node_views import CLEAN
from tests.support.standing_cluster import objects, snapshot_of, view_of

STANDING = six_host_cluster()

CHANGED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "kubernetes_version": (
        {
            "kubernetes_version": "1.31.14",
            "mirror": {"kubernetes_baseurl": "https://m.example/k", "kubernetes_gpgkey": "https://m.example/key"},
        },
        [],
    ),
    "pod_cidr": ({"pod_cidr": "10.245.0.0/16"}, ["pod_cidr stands as '10.244.0.0/16'"]),
    "service_cidr": ({"service_cidr": "10.112.0.0/12"}, ["service_cidr stands as '10.96.0.0/12'"]),
    "dns_domain": ({"dns_domain": "corp.local"}, ["dns_domain stands as 'cluster.local'"]),
    "kube_proxy_mode": ({"kube_proxy_mode": "ipvs"}, ["kube_proxy_mode stands as 'iptables'"]),
    "a field that nothing is generated of": (
        {"kubeadm_patches": {"ClusterConfiguration": {"clusterName": "one"}}},
        ["kubeadm_patches.ClusterConfiguration.clusterName is not set there"],
    ),
    "a flag for a cluster's life": (
        {"kubeadm_patches": {"ClusterConfiguration": {"etcd": {"local": {"extraArgs": {"data-dir": "/e"}}}}}},
        ["kubeadm_patches.ClusterConfiguration.etcd.local.extraArgs.data-dir is not set there"],
    ),
    "where kubelets find static pods": (
        {"kubeadm_patches": {"KubeletConfiguration": {"staticPodPath": "/m"}}},
        ["kubeadm_patches.KubeletConfiguration.staticPodPath is not set there"],
    ),
    "flannel_backend": ({"flannel_backend": "host-gw"}, ["flannel_backend stands as 'vxlan'"]),
    "pod_network": ({"pod_network": "none"}, ["pod_network stands as 'flannel'"]),
    "flags of kubelets that join": (
        {"kubeadm_patches": {"JoinConfiguration": {"nodeRegistration": {"kubeletExtraArgs": {"v": "4"}}}}},
        [],
    ),
    "a version and its form": (
        {"kubernetes_version": "1.30.9", "dns_domain": "corp.local"},
        ["dns_domain stands as 'cluster.local'"],
    ),
}
ROLLED_OUT: dict[str, tuple[dict[str, Any], list[str]]] = {
    "image_repository": (
        {"image_repository": "registry.example/kubernetes"},
        ["image_repository stands as 'registry.k8s.io'"],
    ),
    "another mirror": (
        {"mirror": "aliyun"},
        ["image_repository stands as 'registry.k8s.io'"],
    ),
    "cert_extra_sans": ({"cert_extra_sans": ["api.example"]}, ["cert_extra_sans is not set there"]),
    "a flag of the API server": (
        {"kubeadm_patches": {"ClusterConfiguration": {"apiServer": {"extraArgs": {"v": "4"}}}}},
        ["kubeadm_patches.ClusterConfiguration.apiServer.extraArgs.v is not set there"],
    ),
    "a field of the kubelets": (
        {"kubeadm_patches": {"KubeletConfiguration": {"maxPods": 200}}},
        ["kubeadm_patches.KubeletConfiguration.maxPods is not set there"],
    ),
    "a field of kube-proxy": (
        {"kubeadm_patches": {"KubeProxyConfiguration": {"conntrack": {"maxPerCore": 1}}}},
        ["kubeadm_patches.KubeProxyConfiguration.conntrack.maxPerCore is not set there"],
    ),
}
UNTOUCHED: dict[str, Any] = {
    "accepted_risks": ["SystemVerification"],
    "waive": ["ports"],
    "base_repositories": "vault",
    "endpoint_name_in_hosts": False,
    "remove_conflicting_packages": True,
    "registry_mirrors": {"docker.io": ["https://m.example"]},
    "firewall": "keep",
    "selinux": "keep",
    "recover_quorum": True,
    "removed_nodes": ["worker9"],
    "backup": {"keep": 3},
    "kubeconfig_dir": "elsewhere",
    "report_dir": "elsewhere",
    "workers_max_unavailable": 2,
    "renew_certificates_within_days": 0,
    "verify_timeout_seconds": 60,
}


@pytest.mark.parametrize(("settings", "found"), CHANGED.values(), ids=CHANGED)
def test_what_is_changed_is_refused_by_name(settings: dict[str, Any], found: list[str]) -> None:
    refused = [entry for entry in differences(snapshot_of(STANDING, six_host_cluster(**settings))) if entry.is_refused]
    assert sorted(entry.found for entry in refused) == sorted(found)
    assert all(entry.remedy and "{" not in entry.remedy for entry in refused)


@pytest.mark.parametrize(("settings", "found"), ROLLED_OUT.values(), ids=ROLLED_OUT)
def test_what_is_rolled_out_ends_no_run(settings: dict[str, Any], found: list[str]) -> None:
    given = differences(snapshot_of(STANDING, six_host_cluster(**settings)))
    assert sorted(entry.found for entry in given) == sorted(found)
    assert {entry.change.effect for entry in given} == {Effect.ROLLED_OUT}
    assert all(entry.deviation is not None for entry in given)


@pytest.mark.parametrize(
    ("standing", "wanted", "version", "effect"),
    [
        ("iptables", "ipvs", "1.34.11", Effect.NOT_YET),
        ("ipvs", "iptables", "1.34.11", Effect.NOT_YET),
        ("iptables", "nftables", "1.34.11", Effect.ROLLED_OUT),
        ("nftables", "iptables", "1.31.14", Effect.ROLLED_OUT),
        ("ipvs", "nftables", "1.31.14", Effect.ROLLED_OUT),
        ("nftables", "ipvs", "1.31.14", Effect.ROLLED_OUT),
    ],
)
def test_a_mode_of_kube_proxy_changes_where_it_cleans_up(
    standing: str, wanted: str, version: str, effect: Effect
) -> None:
    of = {"kubernetes_version": version, "mirror": OWN_KUBERNETES}
    clusters = [six_host_cluster(kube_proxy_mode=mode, **of) for mode in (standing, wanted)]
    (difference,) = differences(snapshot_of(*clusters))
    assert difference.change.effect is effect
    if effect is Effect.NOT_YET:
        assert difference.remedy.startswith(f"set it back to '{standing}'")


def test_nftables_is_known_from_the_line_that_cleans_up() -> None:
    assert kube_proxy_mode_change("iptables", "nftables", 30).is_refused


@pytest.mark.parametrize(("settings", "found"), (CHANGED | ROLLED_OUT).values(), ids=CHANGED | ROLLED_OUT)
def test_what_is_taken_out_again_is_no_difference(settings: dict[str, Any], found: list[str]) -> None:
    wanted = six_host_cluster(**settings)
    assert differences(snapshot_of(wanted)) == []


@pytest.mark.parametrize("name", UNTOUCHED)
def test_what_the_next_run_carries_out_is_no_difference(name: str) -> None:
    assert differences(snapshot_of(STANDING, six_host_cluster(**{name: UNTOUCHED[name]}))) == []


ENDPOINT: dict[str, Any] = {
    "control_plane_endpoint": "master-lb:6443",
    "endpoint": {"port": 8443},
    "endpoint_name": "api.k8s.example",
}


def test_every_setting_is_in_one_of_the_tables() -> None:
    elsewhere = {"container_runtime", *ENDPOINT, "mirror", "kubeadm_patches"}
    assert {*CHANGED, *ROLLED_OUT, *UNTOUCHED, *elsewhere} >= set(ClusterSettings.model_fields)


@pytest.mark.parametrize("kind", ["ClusterConfiguration", "KubeletConfiguration", "KubeProxyConfiguration"])
def test_a_patch_that_is_taken_out_is_seen(kind: str) -> None:
    patch = {"ClusterConfiguration": {"scheduler": {"extraArgs": {"v": "4"}}}}.get(kind, {"featureGates": {"X": True}})
    standing = six_host_cluster(kubeadm_patches={kind: patch})
    (difference,) = cluster_differences(snapshot_of(standing, STANDING))
    assert difference.change.effect is Effect.ROLLED_OUT
    assert difference.deviation is not None
    assert difference.deviation.wanted is None


def test_flannel_that_is_missing_is_put_there_by_the_run() -> None:
    standing = six_host_cluster(pod_network="none")
    (difference,) = cluster_differences(snapshot_of(standing, STANDING))
    assert difference.change.effect is Effect.NEXT_RUN


def test_another_ones_flannel_is_not_touched() -> None:
    kept = kept_configuration(STANDING)
    foreign = objects(STANDING, kept).replace("k8s-ha/manifest-digest", "other/digest")
    wanted = six_host_cluster(pod_network="none")
    views = {host.name: view_of(STANDING, host) for host in STANDING.control_planes}
    changed = {name: replace(view, standing=replace(view.standing, objects=foreign)) for name, view in views.items()}
    assert cluster_differences(snapshot_of(STANDING, wanted, **changed)) == []


def test_names_of_balancers_in_the_certificates_are_only_said() -> None:
    hosts = [{"name": "lb2", "address": "10.0.1.158", "role": "load_balancer"}]
    wanted = six_host_cluster(more_hosts=hosts)
    added = cluster_differences(snapshot_of(STANDING, wanted))
    assert [(entry.found, entry.wanted, entry.is_refused) for entry in added] == [
        ("cert_extra_sans is not set there", "['10.0.1.158', 'lb2']", False)
    ]
    gone = cluster_differences(snapshot_of(wanted, STANDING))
    assert [(entry.found, entry.is_refused) for entry in gone] == [
        ("cert_extra_sans stands as ['10.0.1.158', 'lb2']", False)
    ]


@pytest.mark.parametrize(
    "server",
    [
        {"extraArgs": {"oidc-client-secret": "whisper"}},
        {"extraEnvs": [{"name": "DB_PASSWORD", "value": "whisper"}]},
        {"extraArgs": {"webhook": "https://h.example/?token=whisper"}},
    ],
)
def test_what_bears_a_secrets_name_is_not_shown(server: dict[str, Any]) -> None:
    patch = {"ClusterConfiguration": {"apiServer": server}}
    standing, wanted = six_host_cluster(), six_host_cluster(kubeadm_patches=patch)
    for snapshot in (snapshot_of(standing, wanted), snapshot_of(wanted, standing)):
        (difference,) = differences(snapshot)
        assert "***" in difference.found + difference.rule
        assert "whisper" not in str(difference)


def test_without_a_leader_nothing_is_said() -> None:
    silent = {host.name: view_of(STANDING, host, ready=False) for host in STANDING.control_planes}
    assert differences(snapshot_of(STANDING, six_host_cluster(pod_cidr="10.245.0.0/16"), **silent)) == []


@pytest.mark.parametrize("text", ["", "garbage", "[" * 100_000, "{}", '{"kind":"List","items":[null]}'])
def test_what_cannot_be_read_is_not_nothing(text: str) -> None:
    views = {host.name: view_of(STANDING, host) for host in STANDING.control_planes}
    unread = {name: replace(view, standing=replace(view.standing, objects=text)) for name, view in views.items()}
    with pytest.raises(Unreadable, match="ConfigMaps"):
        cluster_differences(snapshot_of(STANDING, **unread))


@pytest.mark.parametrize(
    "text",
    [
        "!!bool foo",
        "!!timestamp foo",
        "!!int ''",
        "!!float ''",
        "certSANs: 5",
        "apiServer: {certSANs: [[1], 5, a]}",
        "[1]",
    ],
)
def test_whatever_a_configuration_holds_there_is_no_traceback(text: str) -> None:
    kept = objects(STANDING, kept_configuration(STANDING))
    listed = json.loads(kept)
    for item in listed["items"]:
        if "data" in item:
            item["data"] = dict.fromkeys(item["data"], text)
    views = {host.name: view_of(STANDING, host) for host in STANDING.control_planes}
    for held in (json.dumps(listed), json.dumps(listed).replace('"data": {', '"data": "x", "other": {')):
        changed = {name: replace(view, standing=replace(view.standing, objects=held)) for name, view in views.items()}
        snapshot = snapshot_of(STANDING, **changed)
        assert [finding.severity for finding in standing_findings(snapshot)][:1] == ["error"]


@pytest.mark.parametrize("without", ["kubeadm-config", "kubelet-config"])
def test_a_configuration_that_is_gone_is_told(without: str) -> None:
    views = {host.name: view_of(STANDING, host) for host in STANDING.control_planes}
    text = objects(STANDING, kept_configuration(STANDING), without=[without])
    unread = {name: replace(view, standing=replace(view.standing, objects=text)) for name, view in views.items()}
    with pytest.raises(Unreadable, match="hold no"):
        cluster_differences(snapshot_of(STANDING, **unread))


def test_a_cluster_that_runs_no_kube_proxy_is_none_the_worse() -> None:
    views = {host.name: view_of(STANDING, host) for host in STANDING.control_planes}
    text = objects(STANDING, kept_configuration(STANDING), without=["kube-proxy"])
    changed = {name: replace(view, standing=replace(view.standing, objects=text)) for name, view in views.items()}
    assert cluster_differences(snapshot_of(STANDING, **changed)) == []


@pytest.mark.parametrize("name", ENDPOINT)
def test_another_endpoint_is_told_as_that_and_not_as_foreign_hosts(name: str) -> None:
    snapshot = snapshot_of(STANDING, six_host_cluster(**{name: ENDPOINT[name]}))
    assert snapshot.former_endpoints == ("10.0.1.157:6443",)
    assert snapshot.leader is not None
    assert f"{name} stands as '10.0.1.157:6443'" in [entry.found for entry in cluster_differences(snapshot)]
    assert SETTINGS[name].effect is Effect.ROLLED_OUT


def test_one_that_the_cluster_does_not_keep_is_refused() -> None:
    listed = json.loads(objects(STANDING, kept_configuration(STANDING)))
    for item in listed["items"]:
        if item["metadata"]["name"] == "kubeadm-config":
            text = item["data"]["ClusterConfiguration"]
            lines = [line for line in text.splitlines() if "controlPlaneEndpoint" not in line]
            item["data"]["ClusterConfiguration"] = "\n".join(lines)
    views = {host.name: view_of(STANDING, host) for host in STANDING.control_planes}
    views = {
        name: replace(view, standing=replace(view.standing, objects=json.dumps(listed))) for name, view in views.items()
    }
    (found,) = [entry for entry in cluster_differences(snapshot_of(STANDING, **views)) if entry.is_refused]
    assert found.found == "control_plane_endpoint is not set there"


def test_an_init_that_is_at_work_stands_at_no_other_endpoint() -> None:
    """Its API server is ready before it has come to its end."""
    first, *others = STANDING.nodes
    begun = view_of(STANDING, first, init_unfinished=True, busy=True)
    begun = replace(begun, nodes=(replace(begun.nodes[0], ready=False),))
    snapshot = snapshot_of(STANDING, **{first.name: begun}, **{host.name: CLEAN for host in others})
    assert snapshot.leader is None
    assert snapshot.former_endpoints == ()
