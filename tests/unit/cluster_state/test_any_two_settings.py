"""Whatever two settings: the run between them names each thing that differs, and says what becomes of it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from k8s_ha.catalog.setting_changes import SETTINGS, Effect
from k8s_ha.cluster_state.difference import brings_flannel
from k8s_ha.cluster_state.node_difference import differences
from k8s_ha.cluster_state.node_metadata import metadata_changes
from k8s_ha.cluster_state.plan import decide
from k8s_ha.cluster_state.set_by_hand import overwritten
from k8s_ha.cluster_state.setting_steps import setting_steps
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.preflight_checks.standing import standing_findings
from k8s_ha.settings import Cluster, SettingsError, load_cluster
from tests.support.example_cluster import OWN_KUBERNETES, six_hosts
from tests.support.standing_cluster import snapshot_of

VALUES: dict[str, list[Any]] = {
    "kubernetes_version": ["1.30.14", "1.31.14", "1.25.14", "1.30.9"],
    "pod_cidr": ["10.244.0.0/16", "10.128.0.0/9", "172.20.0.0/16"],
    "service_cidr": ["10.96.0.0/12", "10.80.0.0/16"],
    "dns_domain": ["cluster.local", "corp.example"],
    "image_repository": [None, "registry.example/k8s"],
    "pod_network": ["flannel", "none"],
    "flannel_backend": ["vxlan", "host-gw"],
    "kube_proxy_mode": ["iptables", "ipvs", "nftables"],
    "cert_extra_sans": [[], ["api.example"], ["api.example", "10.9.9.9"]],
    "firewall": ["disabled", "keep"],
    "selinux": ["permissive", "keep"],
    "waive": [[], ["ports"]],
    "registry_mirrors": [{}, {"docker.io": ["https://m.example"]}],
    "workers_max_unavailable": ["10%", 2],
    "kubeadm_patches": [
        {},
        {"KubeletConfiguration": {"maxPods": 200}},
        {"KubeletConfiguration": {"maxPods": 200, "featureGates": {"A": True}}},
        {"KubeProxyConfiguration": {"conntrack": {"maxPerCore": 0}}},
        {"ClusterConfiguration": {"apiServer": {"extraArgs": {"audit-log-path": "/a"}}}},
        {"ClusterConfiguration": {"scheduler": {"extraVolumes": [{"name": "a", "hostPath": "/a", "mountPath": "/b"}]}}},
        {"ClusterConfiguration": {"etcd": {"local": {"extraArgs": {"data-dir": "/e", "quota-backend-bytes": 1}}}}},
        {"ClusterConfiguration": {"clusterName": "one", "controllerManager": {"extraArgs": {"v": "2"}}}},
    ],
}
DRAWN = st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in VALUES.items()})
LABELS = st.fixed_dictionaries(
    {},
    optional={
        "labels": st.sampled_from([{}, {"a": "1"}, {"a": "2", "b": ""}]),
        "taints": st.sampled_from([None, [], ["x:NoExecute"]]),
    },
)


def cluster_of(given_settings: dict[str, Any], own: dict[str, Any]) -> Cluster | None:
    """None where they do not fit each other."""
    hosts = [host | (own if host["name"] == "worker1" else {}) for host in six_hosts()]
    try:
        return load_cluster({"kubernetes_version": "1.30.14", "mirror": OWN_KUBERNETES, **given_settings}, hosts)
    except SettingsError:
        return None


@given(before=DRAWN, after=DRAWN, own_before=LABELS, own_after=LABELS)
def test_what_differs_is_refused_by_name_or_is_a_step_or_is_carried_out(
    before: dict[str, Any], after: dict[str, Any], own_before: dict[str, Any], own_after: dict[str, Any]
) -> None:
    standing, wanted = cluster_of(before, own_before), cluster_of(after, own_after)
    if standing is None or wanted is None:
        return
    snapshot = snapshot_of(standing, wanted)
    found = differences(snapshot)
    named = {entry.setting.partition(".")[0] for entry in found}
    for name in VALUES:
        differs = getattr(standing.settings, name) != getattr(wanted.settings, name)
        stays = SETTINGS[name].effect in (Effect.NEXT_RUN, Effect.NEW_NODES, Effect.UPGRADE) and name != "pod_network"
        # Without flannel on both sides there is no backend.
        silent = name == "flannel_backend" and "none" in (standing.settings.pod_network, wanted.settings.pod_network)
        assert (name in named) is (differs and not stays and not silent), name
    assert {entry.host for entry in found if entry.is_refused} <= {None}
    steps = setting_steps(snapshot, found, "master1")
    carried = [entry for entry in found if entry.change.effect is Effect.ROLLED_OUT and not entry.is_noted]
    if not any(entry.is_refused for entry in found):
        edited = {path for step in steps for path in step.edits}
        assert edited == {(entry.deviation.kind, entry.deviation.path) for entry in carried if entry.deviation}
        assert overwritten(snapshot, steps) == []
        assert bool(steps) is bool(carried)
    severities = {finding.severity for finding in standing_findings(snapshot) if finding.check == "settings"}
    assert ("error" in severities) is any(entry.is_refused for entry in found)
    brought = {THE_CLUSTER: "flannel is applied"} if brings_flannel(snapshot) else {}
    of_nodes = {name: change.sentence for name, change in metadata_changes(snapshot).items()}
    assert decide(snapshot).changes == of_nodes | brought
    flannels = (standing.settings.pod_network, wanted.settings.pod_network)
    assert bool(brought) is (flannels == ("none", "flannel"))


@given(given_settings=DRAWN, own=LABELS)
def test_a_cluster_that_was_built_so_has_no_difference(given_settings: dict[str, Any], own: dict[str, Any]) -> None:
    cluster = cluster_of(given_settings, own)
    if cluster is not None:
        snapshot = snapshot_of(cluster)
        assert standing_findings(snapshot) == []
        assert setting_steps(snapshot, differences(snapshot), "master1") == ()
        assert all(change.is_a_note for change in metadata_changes(snapshot).values())
