"""The steps of other settings: which, in which order, and which of them a run that was cut off has left."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml

from k8s_ha.cluster_state.change_plan import silent_control_planes
from k8s_ha.cluster_state.change_steps import ChangeStep, Work
from k8s_ha.cluster_state.node_difference import differences
from k8s_ha.cluster_state.setting_steps import setting_steps, steps_without_leader
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.desired.kubeadm_config import kept_configuration
from k8s_ha.observations.node import NodeView
from k8s_ha.observations.standing import FORMER, Standing
from k8s_ha.settings import Cluster, load_cluster
from tests.support.example_cluster import OWN_KUBERNETES, six_host_cluster, six_hosts
from tests.support.standing_cluster import kubelet_file, objects, snapshot_of, static_pods, view_of

STANDING = six_host_cluster()
PLANES = ("master1", "master2", "master3")
ALL = (*PLANES, "worker1", "worker2")
MAPS = {
    "ClusterConfiguration": ("kubeadm-config", "ClusterConfiguration"),
    "KubeletConfiguration": ("kubelet-config", "kubelet"),
    "KubeProxyConfiguration": ("kube-proxy", "config.conf"),
}


def patched(kind: str = "ClusterConfiguration", **patch: Any) -> dict[str, Any]:
    return {"kubeadm_patches": {kind: patch}}


AUDIT = patched(apiServer={"extraArgs": {"audit-log-path": "/a"}})
PODS = patched("KubeletConfiguration", maxPods=200)
PROXY = patched("KubeProxyConfiguration", conntrack={"maxPerCore": 1})


def steps(snapshot: ClusterSnapshot) -> tuple[ChangeStep, ...]:
    return setting_steps(snapshot, differences(snapshot), "master1")


def told(snapshot: ClusterSnapshot) -> list[str]:
    return [f"{' '.join(step.hosts)}: {step.sentence}" for step in steps(snapshot)]


def behind_the_balancer(name: str, *sentences: str) -> list[str]:
    acts = [f"{name}: {sentence}" for sentence in sentences]
    return [f"master-lb: {name} out of the balancer", *acts, f"master-lb: {name} back into the balancer"]


def manifests(*components: str, hosts: tuple[str, ...] = PLANES) -> list[str]:
    sentence = f"new manifests of {', '.join(components)}"
    return [line for name in hosts for line in behind_the_balancer(name, sentence)]


def kubelets(*hosts: str) -> list[str]:
    return [f"{name}: new configuration of the kubelet, and its restart" for name in hosts]


FORGET = "master1: forget what kubeadm-config held before"
FORGET_KUBELETS = "master1: forget what kubelet-config held before"
SERVER = "apiServer.extraArgs.audit-log-path"

STEPS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing": ({}, []),
    "a flag of the API server": (
        AUDIT,
        [f"master1: change kubeadm-config: {SERVER}", *manifests("kube-apiserver"), FORGET],
    ),
    "a flag of etcd": (
        patched(etcd={"local": {"extraArgs": {"quota-backend-bytes": "1"}}}),
        [
            "master1: change kubeadm-config: etcd.local.extraArgs.quota-backend-bytes",
            *manifests("etcd"),
            FORGET,
        ],
    ),
    "a flag of what nobody asks through a balancer": (
        patched(scheduler={"extraArgs": {"v": "4"}}),
        [
            "master1: change kubeadm-config: scheduler.extraArgs.v",
            *(f"{name}: new manifests of kube-scheduler" for name in PLANES),
            FORGET,
        ],
    ),
    "a volume of a component": (
        patched(controllerManager={"extraVolumes": [{"name": "a", "hostPath": "/a", "mountPath": "/a"}]}),
        [
            "master1: change kubeadm-config: controllerManager.extraVolumes",
            *(f"{name}: new manifests of kube-controller-manager" for name in PLANES),
            FORGET,
        ],
    ),
    "a name in the certificates": (
        {"cert_extra_sans": ["api.example"]},
        [
            "master1: change kubeadm-config: apiServer.certSANs",
            *(
                line
                for name in PLANES
                for line in behind_the_balancer(name, "new certificate of the API server, and its restart")
            ),
            FORGET,
        ],
    ),
    "where images come from": (
        {"image_repository": "r.example/k8s"},
        [
            "master1: change kubeadm-config: imageRepository",
            *manifests("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"),
            "master1: kubeadm init phase addon, images of r.example/k8s",
            FORGET,
        ],
    ),
    "a field of the kubelets": (
        PODS,
        ["master1: change kubelet-config: maxPods", *kubelets(*ALL), FORGET_KUBELETS],
    ),
    "a field of kube-proxy": (PROXY, ["master1: change kube-proxy: conntrack.maxPerCore; restart its pods"]),
    "a network, which is refused": ({"pod_cidr": "10.245.0.0/16"}, []),
    "flags of kubelets that join": (
        {"kubeadm_patches": {"JoinConfiguration": {"nodeRegistration": {"kubeletExtraArgs": {"v": "4"}}}}},
        [],
    ),
}


@pytest.mark.parametrize(("settings", "expected"), STEPS.values(), ids=STEPS)
def test_what_is_set(settings: dict[str, Any], expected: list[str]) -> None:
    assert told(snapshot_of(STANDING, six_host_cluster(**settings))) == expected


@pytest.mark.parametrize(
    "settings",
    [
        *(AUDIT, PODS, PROXY, {"image_repository": "r.example/k8s"}),
        patched(scheduler={"extraVolumes": [{"name": "a", "hostPath": "/a", "mountPath": "/a"}]}),
    ],
)
def test_what_is_set_back_takes_the_same_steps(settings: dict[str, Any]) -> None:
    there = steps(snapshot_of(STANDING, six_host_cluster(**settings)))
    back = steps(snapshot_of(six_host_cluster(**settings), STANDING))
    assert [(step.work, step.hosts) for step in there] == [(step.work, step.hosts) for step in back]


@pytest.mark.parametrize(
    ("settings", "away"),
    [
        (PROXY, "new Services of a node, for seconds"),
        ({"kube_proxy_mode": "nftables"}, "Services of a node, for seconds"),
    ],
)
def test_what_kube_proxys_restart_interrupts(settings: dict[str, Any], away: str) -> None:
    standing, wanted = (six_host_cluster(kubernetes_version="1.31.9", **more) for more in ({}, settings))
    (step,) = steps(snapshot_of(standing, wanted))
    assert step.interrupts == away


@pytest.mark.parametrize(
    ("held", "lines"),
    [
        (("api.example", "10.0.1.157"), []),
        (("lb.elsewhere", "10.0.1.9"), []),
        (
            ("api.example", "10.0.1.9"),
            ["master1: kube-proxy asks api.example, which is 10.0.1.157 and was 10.0.1.9; restart its pods"],
        ),
    ],
    ids=["as it is", "a name that is not ours", "as it was"],
)
def test_pods_of_kube_proxy_keep_the_address_that_a_name_had(held: tuple[str, str], lines: list[str]) -> None:
    cluster = six_host_cluster(endpoint_name="api.example")
    snapshot = snapshot_of(cluster, cluster)
    view = snapshot.views["worker2"]
    assert view is not None
    stale = replace(view, standing=replace(view.standing, kube_proxy_hosts=(held,)))
    assert told(replace(snapshot, views={**snapshot.views, "worker2": stale})) == lines


def test_a_certificate_and_a_manifest_share_one_turn() -> None:
    lines = told(snapshot_of(STANDING, six_host_cluster(cert_extra_sans=["api.example"], **AUDIT)))
    assert lines[1:5] == behind_the_balancer(
        "master1", "new certificate of the API server, and its restart", "new manifests of kube-apiserver"
    )


def test_edits_hold_what_differs_and_no_more() -> None:
    snapshot = snapshot_of(six_host_cluster(**AUDIT), six_host_cluster(**patched(apiServer={"extraArgs": {"v": "4"}})))
    assert steps(snapshot)[0].edits == {
        ("ClusterConfiguration", ("apiServer", "extraArgs", "v")): "4",
        ("ClusterConfiguration", ("apiServer", "extraArgs", "audit-log-path")): None,
    }


def test_names_that_stand_are_kept_beside_a_new_one() -> None:
    hosts = [{"name": "lb2", "address": "10.0.1.158", "role": "load_balancer"}]
    snapshot = snapshot_of(six_host_cluster(more_hosts=hosts), six_host_cluster(cert_extra_sans=["api.example"]))
    (names,) = steps(snapshot)[0].edits.values()
    assert names == ["10.0.1.157", "master-lb", "10.0.1.158", "lb2", "api.example"]


def test_a_balancer_alone_makes_no_certificate() -> None:
    hosts = [{"name": "lb2", "address": "10.0.1.158", "role": "load_balancer"}]
    assert told(snapshot_of(STANDING, six_host_cluster(more_hosts=hosts))) == []


def test_the_only_control_plane_stays_in_the_balancer_and_its_outage_is_named() -> None:
    hosts = [six_hosts()[0], *six_hosts()[3:]]
    standing, wanted = (load_cluster({"kubernetes_version": "1.30.14"} | more, hosts) for more in ({}, AUDIT))
    found = steps(snapshot_of(standing, wanted))
    assert [step.work for step in found] == [Work.RECONFIGURE, Work.STATIC_PODS, Work.SETTLE]
    assert found[1].interrupts == "the API, for a minute or two"


def test_workers_go_in_batches() -> None:
    workers = [{"name": f"w{number}", "role": "worker", "address": f"10.0.20.{number}"} for number in range(1, 9)]
    hosts = six_hosts()[:3] + workers + six_hosts()[5:]
    of = {"kubernetes_version": "1.30.14", "workers_max_unavailable": 3}
    snapshot = snapshot_of(load_cluster(of, hosts), load_cluster(of | PODS, hosts))
    assert [len(step.hosts) for step in steps(snapshot) if step.work is Work.KUBELET_CONFIG] == [1, 1, 1, 3, 3, 2]


def changed_maps(kept: Cluster, former: Mapping[str, Cluster]) -> str:
    """The ConfigMaps of a cluster that has noted what it kept before."""
    listed = json.loads(objects(kept, kept_configuration(kept)))
    for kind, cluster in former.items():
        name, _ = MAPS[kind]
        (item,) = [item for item in listed["items"] if item["metadata"]["name"] == name]
        text = yaml.safe_dump(kept_configuration(cluster)[kind])
        item["metadata"]["annotations"] = {FORMER: json.dumps([text])}
    return json.dumps(listed)


def cut(
    kept: Cluster, wanted: Cluster, kinds: tuple[str, ...], done: tuple[str, ...], standing: Cluster = STANDING
) -> ClusterSnapshot:
    """A change of these kinds that was cut off: ``done`` stand with the new configuration, the others with the old."""
    text = changed_maps(kept, dict.fromkeys(kinds, standing))
    views = {}
    for host in wanted.nodes:
        own = kept if host.name in done else standing
        held = kept_configuration(own)
        view = view_of(kept, host)
        changes: dict[str, Any] = {"kubelet_config": kubelet_file(held)}
        if "control_plane" in host.role:
            changes |= {"static_pods": static_pods(own, held), "objects": text}
        views[host.name] = replace(view, standing=replace(view.standing, **changes))
    return snapshot_of(kept, wanted, **views)


AUDITED, PODDED, PROXIED = (six_host_cluster(**settings) for settings in (AUDIT, PODS, PROXY))
CUT: dict[str, tuple[ClusterSnapshot, list[str]]] = {
    "before the first control plane": (
        cut(AUDITED, AUDITED, ("ClusterConfiguration",), ()),
        [*manifests("kube-apiserver"), FORGET],
    ),
    "after the first control plane": (
        cut(AUDITED, AUDITED, ("ClusterConfiguration",), ("master1",)),
        [*manifests("kube-apiserver", hosts=("master2", "master3")), FORGET],
    ),
    "after the last": (cut(AUDITED, AUDITED, ("ClusterConfiguration",), PLANES), [FORGET]),
    "a flag that is taken out, after the first": (
        cut(STANDING, STANDING, ("ClusterConfiguration",), ("master1",), AUDITED),
        [*manifests("kube-apiserver", hosts=("master2", "master3")), FORGET],
    ),
    "set back after the first": (
        cut(AUDITED, STANDING, ("ClusterConfiguration",), ("master1",)),
        [f"master1: change kubeadm-config: {SERVER}", *manifests("kube-apiserver", hosts=("master1",)), FORGET],
    ),
    "before the second worker": (
        cut(PODDED, PODDED, ("KubeletConfiguration",), ALL[:-1]),
        [*kubelets("worker2"), FORGET_KUBELETS],
    ),
    "a field that is taken out, before the second worker": (
        cut(STANDING, STANDING, ("KubeletConfiguration",), ALL[:-1], PODDED),
        [*kubelets("worker2"), FORGET_KUBELETS],
    ),
    "before kube-proxy's pods": (
        cut(PROXIED, PROXIED, ("KubeProxyConfiguration",), ALL),
        ["master1: restart its pods"],
    ),
    "before the add-ons": (
        cut(
            six_host_cluster(image_repository="r.example/k8s"),
            six_host_cluster(image_repository="r.example/k8s"),
            ("ClusterConfiguration",),
            ALL,
        ),
        ["master1: kubeadm init phase addon, images of r.example/k8s", FORGET],
    ),
}


@pytest.mark.parametrize(("snapshot", "expected"), CUT.values(), ids=CUT)
def test_a_run_that_was_cut_off_goes_on(snapshot: ClusterSnapshot, expected: list[str]) -> None:
    assert told(snapshot) == expected


def with_aside(cluster: Cluster, name: str, *parts: str, ready: bool = True) -> NodeView:
    """A host on which a change was cut off, although all that it holds is as it is wanted."""
    view = view_of(cluster, cluster.host(name))
    return replace(view, ready=ready and view.ready, standing=replace(view.standing, set_aside=parts))


@pytest.mark.parametrize(
    ("name", "parts", "expected"),
    [
        ("master2", ("kube-apiserver", "etcd"), manifests("etcd", "kube-apiserver", hosts=("master2",))),
        (
            "master2",
            ("apiserver-certificate",),
            behind_the_balancer("master2", "new certificate of the API server, and its restart"),
        ),
        ("worker1", ("kubelet-config",), kubelets("worker1")),
    ],
)
def test_what_a_change_was_cut_off_at_is_not_over_whatever_it_holds(
    name: str, parts: tuple[str, ...], expected: list[str]
) -> None:
    assert told(snapshot_of(STANDING, **{name: with_aside(STANDING, name, *parts)})) == expected


def test_one_that_was_cut_off_and_is_silent_comes_first() -> None:
    broken = with_aside(STANDING, "master2", "kube-apiserver", ready=False)
    found = steps(snapshot_of(STANDING, AUDITED, master2=broken))
    assert [step.hosts[0] for step in found if step.work is Work.STATIC_PODS] == ["master2", "master1", "master3"]
    assert found[0].work is Work.RECONFIGURE
    assert found[0].subjects == ("master1", "master2")
    assert silent_control_planes(snapshot_of(STANDING, AUDITED, master2=broken), found) == []


def test_without_a_leader_what_was_kept_is_put_back() -> None:
    silent: dict[str, NodeView | None] = {
        host.name: view_of(STANDING, host, ready=False) for host in STANDING.control_planes
    }
    assert steps_without_leader(snapshot_of(STANDING, AUDITED, **silent)) == ()
    silent["master2"] = with_aside(STANDING, "master2", "kube-apiserver", ready=False)
    silent["master3"] = with_aside(STANDING, "master3", "kubelet-config", ready=False)
    (step,) = steps_without_leader(snapshot_of(STANDING, AUDITED, **silent))
    assert (step.work, step.hosts) == (Work.PUT_BACK, ("master2", "master3"))


@pytest.mark.parametrize("wanted", [PODDED, STANDING], ids=["the same settings", "corrected ones"])
def test_a_kubelet_that_does_not_come_up_comes_first_where_its_server_is_silent(wanted: Cluster) -> None:
    """Whatever else is due: no other may be out beside it."""
    audited = six_host_cluster(kubeadm_patches=wanted.settings.kubeadm_patches | AUDIT["kubeadm_patches"])
    broken = with_aside(PODDED, "master2", "kubelet-config", ready=False)
    snapshot = snapshot_of(PODDED, audited, master2=broken)
    found = steps(snapshot)
    acting = [step for step in found if step.work in (Work.KUBELET_CONFIG, Work.STATIC_PODS)]
    assert (acting[0].work, acting[0].hosts) == (Work.KUBELET_CONFIG, ("master2",))
    assert all("master2" in step.subjects for step in found if step.kind == "KubeletConfiguration" and step.edits)
    assert silent_control_planes(snapshot, found) == []


def test_a_host_that_lags_is_brought_up_alone() -> None:
    plain = static_pods(STANDING, kept_configuration(STANDING))
    view = view_of(AUDITED, AUDITED.host("master2"))
    lagging = replace(view, standing=replace(view.standing, static_pods=plain))
    assert told(snapshot_of(AUDITED, master2=lagging)) == manifests("kube-apiserver", hosts=("master2",))
    view = view_of(PODDED, PODDED.host("worker1"))
    plain_kubelet = replace(view, standing=replace(view.standing, kubelet_config="cgroupDriver: systemd\n"))
    assert told(snapshot_of(PODDED, worker1=plain_kubelet)) == kubelets("worker1")


def test_a_certificate_that_lags_is_made_anew_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    named = six_host_cluster(cert_extra_sans=["api.example"])
    lagging = replace(view_of(named, named.host("master3")).standing, serving_certificate="lacks it")
    view = replace(view_of(named, named.host("master3")), standing=lagging)
    whole = ("10.0.1.157", "api.example")
    monkeypatch.setattr(
        Standing, "certificate_names", property(lambda held: whole[:1] if held.serving_certificate else whole)
    )
    assert told(snapshot_of(named, master3=view)) == behind_the_balancer(
        "master3", "new certificate of the API server, and its restart"
    )


def test_a_host_that_could_not_be_read_has_no_step_and_what_was_kept_before_stays_noted() -> None:
    lines = told(snapshot_of(STANDING, PODDED, worker1=None))
    assert lines == ["master1: change kubelet-config: maxPods", *kubelets(*PLANES, "worker2")]
    back = told(cut(PODDED, PODDED, ("KubeletConfiguration",), tuple(name for name in ALL if name != "worker1")))
    assert back == [*kubelets("worker1"), FORGET_KUBELETS]


def test_without_a_leader_there_is_no_step() -> None:
    silent = {host.name: view_of(STANDING, host, ready=False) for host in STANDING.control_planes}
    assert steps(snapshot_of(STANDING, AUDITED, **silent)) == ()


def test_a_list_of_arguments_is_a_map_of_them() -> None:
    of = {"kubernetes_version": "1.34.11", "mirror": OWN_KUBERNETES}
    listed = patched(apiServer={"extraArgs": [{"name": "audit-log-path", "value": "/a"}]})
    assert told(snapshot_of(six_host_cluster(**of, **AUDIT), six_host_cluster(**of, **listed))) == []


def test_every_step_has_a_bound_and_names_its_host() -> None:
    wanted = six_host_cluster(cert_extra_sans=["api.example"], image_repository="r.example/k8s", **PODS)
    for step in steps(snapshot_of(STANDING, wanted)):
        assert step.seconds > 0
        assert step.hosts
