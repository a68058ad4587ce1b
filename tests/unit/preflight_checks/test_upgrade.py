"""What an upgrade would end half way by: settings and facts -> exact findings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from k8s_ha.findings import Finding
from k8s_ha.observations.upgrade import DeprecatedApi, ManifestFile, UpgradeFacts, Webhook
from k8s_ha.preflight_checks.upgrade import missing_images, unproven, upgrade_findings
from tests.support.cases import warning
from tests.support.example_cluster import six_host_cluster

MIB = 1024 * 1024
FINE = UpgradeFacts(
    free=200 * MIB, etcd_size=100 * MIB, manifests=(), deprecated_apis=(), uptime=24 * 3600, webhooks=()
)
CLUSTER, UPGRADE, UNREAD = "the cluster", "upgrade", "what cannot be read is not known to be in order"
ETCD = {"master1": "3.5.26", "master2": "3.6.13", "master3": "3.7.0"}


def findings(
    since: int = 33,
    to: int = 34,
    *,
    patches: dict[str, Any] | None = None,
    kept: dict[str, Any] | None = None,
    etcd: dict[str, str] | None = None,
    hops: int = 1,
    kubelets: dict[str, int] | None = None,
    **changed: UpgradeFacts | None,
) -> list[Finding]:
    """Of a cluster that nothing speaks against, but for what is given.

    + changed: by host; None did not tell
    """
    cluster = six_host_cluster(kubeadm_patches=patches or {})
    workers = dict.fromkeys(("worker1", "worker2"), UpgradeFacts())
    facts: dict[str, UpgradeFacts | None] = {
        **dict.fromkeys(("master1", "master2", "master3"), FINE),
        **workers,
        **changed,
    }
    told = {name: entry for name, entry in facts.items() if entry is not None}
    return upgrade_findings(cluster, told, kept or {}, etcd or ETCD, since, to, hops, kubelets or {})


def test_a_cluster_that_may_be_upgraded_has_nothing() -> None:
    assert findings() == []


def test_a_node_that_does_not_tell_ends_the_run() -> None:
    found = "did not tell what an upgrade of it needs"
    assert findings(worker2=None) == [
        Finding("worker2", UPGRADE, found, UNREAD, "see the error above, fix it, and run this again")
    ]


@pytest.mark.parametrize(("free", "size", "fits"), [(200, 100, True), (199, 100, False), (0, 0, True), (9, 5, False)])
def test_room_for_copies_of_etcd(free: int, size: int, fits: bool) -> None:
    told = replace(FINE, free=free * MIB, etcd_size=size * MIB)
    assert findings(master2=told) == [
        Finding(
            "master2",
            UPGRADE,
            f"{free} MiB are free below /etc/kubernetes, and etcd's data has {size} MiB",
            "kubeadm copies that data there, and keeps it: 2 times its size",
            "make room, such as by removing /etc/kubernetes/tmp/kubeadm-backup-etcd-* of older upgrades",
        )
    ] * (not fits)


def test_each_hop_of_a_chain_copies_it_once_more() -> None:
    told = replace(FINE, free=399 * MIB, etcd_size=100 * MIB)
    (found,) = [entry for entry in findings(master2=told, hops=3) if entry.host == "master2"]
    assert found.wanted == "kubeadm copies that data there, and keeps it: 4 times its size"
    room = replace(told, free=400 * MIB)
    assert [entry for entry in findings(master2=room, hops=3) if entry.host == "master2"] == []


def test_a_patch_of_the_same_minor_needs_the_room_too() -> None:
    assert len(findings(34, 34, master1=replace(FINE, free=0))) == 1


@pytest.mark.parametrize("unread", [{"free": None}, {"etcd_size": None}])
def test_room_that_was_not_measured_is_not_enough(unread: dict[str, None]) -> None:
    (finding,) = findings(master1=replace(FINE, **unread))
    assert (finding.host, finding.wanted, finding.severity) == ("master1", UNREAD, "error")


def test_files_beside_kubeadms() -> None:
    files = (ManifestFile("etcd.yaml.bak", "etcd"), ManifestFile("kube-vip.yaml"))
    assert findings(34, 34, master3=replace(FINE, manifests=files)) == [
        Finding(
            "master3",
            UPGRADE,
            "/etc/kubernetes/manifests/etcd.yaml.bak defines etcd a second time",
            "the kubelet reads every file there, and kubeadm waits for a pod that does not change",
            "move that file out of the folder",
        ),
        warning(
            "master3",
            UPGRADE,
            "/etc/kubernetes/manifests/kube-vip.yaml is a static pod of your own",
            "an upgrade leaves it as it is, and no drain moves it",
            "see that it works with the wanted version",
        ),
    ]


def test_a_folder_that_was_not_read_is_not_empty() -> None:
    assert findings(master1=replace(FINE, manifests=None)) == [
        Finding(
            "master1",
            UPGRADE,
            "/etc/kubernetes/manifests could not be read",
            UNREAD,
            "see `ls /etc/kubernetes/manifests` there",
        )
    ]


PSP = DeprecatedApi("policy", "v1beta1", "podsecuritypolicies", "1.25")


def test_an_api_that_the_target_no_longer_serves_is_named_once() -> None:
    asked = replace(FINE, deprecated_apis=(PSP,))
    assert findings(24, 25, master1=asked, master3=asked) == [
        Finding(
            CLUSTER,
            UPGRADE,
            "clients ask for podsecuritypolicies of policy/v1beta1, at master1, master3",
            "Kubernetes 1.25 no longer serves it",
            "move them to a newer version of it; an API server forgets what it has counted when it restarts",
        )
    ]


@pytest.mark.parametrize(
    ("since", "to", "release", "refused"),
    [
        (23, 24, "1.25", False),
        (24, 25, "1.25", True),
        (24, 27, "1.25", True),
        (24, 24, "1.25", False),
        (24, 25, "", False),
        (24, 25, "soon", False),
    ],
)
def test_an_api_is_named_where_the_target_lacks_it(since: int, to: int, release: str, refused: bool) -> None:
    asked = replace(FINE, deprecated_apis=(replace(PSP, removed_release=release),))
    assert len(findings(since, to, master1=asked)) == refused


def test_an_api_server_that_has_just_started_does_not_know() -> None:
    young = replace(FINE, uptime=24 * 3600 - 1)
    assert findings(master2=young) == [
        warning(
            "master2",
            UPGRADE,
            "its API server has run for 23 h: which deprecated APIs are in use is not known",
            "what no client has asked for within a day counts as unused",
            "wait, or make sure that your clients ask for none that the target lacks",
        )
    ]
    assert findings(34, 34, master2=young) == []


@pytest.mark.parametrize("unread", [{"deprecated_apis": None}, {"uptime": None}])
def test_an_api_server_that_does_not_tell_ends_the_run(unread: dict[str, None]) -> None:
    assert findings(master2=replace(FINE, **unread)) == [
        Finding(
            "master2",
            UPGRADE,
            "its API server did not tell which deprecated APIs are in use",
            UNREAD,
            "see `kubectl get --raw /metrics` there",
        )
    ]


def test_a_webhook_with_nothing_behind_it_is_named_once() -> None:
    told = replace(FINE, webhooks=(Webhook("ValidatingWebhookConfiguration dead", "pods.example", "shop/guard"),))
    assert findings(34, 34, master1=told, master2=told) == [
        Finding(
            CLUSTER,
            UPGRADE,
            "pods.example of ValidatingWebhookConfiguration dead fails closed, "
            "and its Service shop/guard has no ready endpoint",
            "the API server refuses what it cannot ask a webhook about, an upgrade's own objects too",
            "bring its pods back, or remove that configuration",
        )
    ]


def test_one_api_server_is_enough_to_know_the_webhooks_and_none_is_not() -> None:
    silent = replace(FINE, webhooks=None)
    assert findings(master1=silent, master2=silent) == []
    (finding,) = findings(master1=silent, master2=silent, master3=silent)
    assert (finding.host, finding.found) == (CLUSTER, "no API server told which webhooks there are")


def test_an_etcd_that_is_lower_than_etcd_advises_is_a_warning() -> None:
    low = {"master1": "3.5.24", "master2": "3.5.26", "master3": "?"}
    assert findings(etcd=low) == [
        warning(
            CLUSTER,
            UPGRADE,
            "the etcd member master1 runs 3.5.24",
            "etcd advises 3.5.26 before Kubernetes 1.34, which repairs lists of members",
            "bring it to 3.5.26 first, or see that etcd lists no member that was removed",
        )
    ]
    assert findings(34, 35, etcd=low) == []


TAKE_OUT = "take it out of {} before the upgrade"
NO_FLAG = "from Kubernetes 1.{} on it does not start with that"
NO_GATE = "{} 1.{} knows no such gate, and refuses it"
ARGS = {"cloud-provider": "external", "v": "2"}
LISTED = [{"name": "cloud-provider", "value": "external"}, {"name": "v", "value": "2"}, "odd", {}]

SETTINGS: dict[str, tuple[int, int, str, dict[str, Any], str, str]] = {
    "an API server's flag": (
        *(32, 33, "ClusterConfiguration", {"apiServer": {"extraArgs": ARGS}}),
        *("gives kube-apiserver the flag --cloud-provider", NO_FLAG.format(33)),
    ),
    "a flag that goes in the middle of the way": (
        *(31, 36, "ClusterConfiguration", {"apiServer": {"extraArgs": LISTED}}),
        *("gives kube-apiserver the flag --cloud-provider", NO_FLAG.format(33)),
    ),
    "a controller manager's flag": (
        *(26, 27, "ClusterConfiguration", {"controllerManager": {"extraArgs": {"pod-eviction-timeout": "5m"}}}),
        *("gives kube-controller-manager the flag --pod-eviction-timeout", NO_FLAG.format(27)),
    ),
    "a scheduler's flag": (
        *(28, 29, "ClusterConfiguration", {"scheduler": {"extraArgs": {"policy-configmap": "x"}}}),
        *("gives kube-scheduler the flag --policy-configmap", NO_FLAG.format(29)),
    ),
    "etcd's flag": (
        *(36, 37, "ClusterConfiguration", {"etcd": {"local": {"extraArgs": {"experimental-x": "1"}}}}),
        *("gives etcd the flag --experimental-x", NO_FLAG.format(37)),
    ),
    "a gate of an API server": (
        *(
            33,
            34,
            "ClusterConfiguration",
            {"apiServer": {"extraArgs": {"feature-gates": "A=true,ElasticIndexedJob=true"}}},
        ),
        *("sets the feature gate ElasticIndexedJob", NO_GATE.format("Kubernetes", 34)),
    ),
    "kubeadm's own gate": (
        *(35, 36, "ClusterConfiguration", {"featureGates": {"ControlPlaneKubeletLocalMode": True}}),
        *("sets the feature gate ControlPlaneKubeletLocalMode", NO_GATE.format("kubeadm", 36)),
    ),
    "a kubelet's gate": (
        *(36, 37, "KubeletConfiguration", {"featureGates": {"SidecarContainers": True, "Mine": True}}),
        *("sets the feature gate SidecarContainers", NO_GATE.format("Kubernetes", 37)),
    ),
    "kube-proxy's gate": (
        *(32, 33, "KubeProxyConfiguration", {"featureGates": {"KubeProxyDrainingTerminatingNodes": True}}),
        *("sets the feature gate KubeProxyDrainingTerminatingNodes", NO_GATE.format("Kubernetes", 33)),
    ),
}


@pytest.mark.parametrize(("since", "to", "kind", "document", "found", "wanted"), SETTINGS.values(), ids=SETTINGS)
def test_what_the_cluster_keeps_and_the_target_has_not(
    since: int, to: int, kind: str, document: dict[str, Any], found: str, wanted: str
) -> None:
    names = {
        "ClusterConfiguration": "kubeadm-config",
        "KubeletConfiguration": "kubelet-config",
        "KubeProxyConfiguration": "kube-proxy",
    }
    where = f"the ConfigMap {names[kind]}"
    assert findings(since, to, kept={kind: document}) == [
        Finding(CLUSTER, UPGRADE, f"{where} {found}", wanted, TAKE_OUT.format(where))
    ]
    assert findings(to, to, kept={kind: document}) == []


@pytest.mark.parametrize(
    ("since", "to", "patches", "found"),
    [
        (
            32,
            33,
            {"ClusterConfiguration": {"apiServer": {"extraArgs": ARGS}}},
            "kubeadm_patches.ClusterConfiguration gives kube-apiserver the flag --cloud-provider",
        ),
        (
            30,
            31,
            {"JoinConfiguration": {"nodeRegistration": {"kubeletExtraArgs": {"iptables-drop-bit": "1"}}}},
            "kubeadm_patches.JoinConfiguration gives kubelet the flag --iptables-drop-bit",
        ),
        (
            36,
            37,
            {"KubeletConfiguration": {"featureGates": {"SidecarContainers": True}}},
            "kubeadm_patches.KubeletConfiguration sets the feature gate SidecarContainers",
        ),
    ],
)
def test_what_the_settings_patch_and_the_target_has_not(
    since: int, to: int, patches: dict[str, Any], found: str
) -> None:
    where = found.split(" ")[0]
    # What both hold is said of the setting: it is where the other comes from.
    (finding,) = findings(since, to, patches=patches, kept=patches)
    assert (finding.host, finding.found, finding.remedy) == (CLUSTER, found, TAKE_OUT.format(where))


ENV, EXTRA = "/var/lib/kubelet/kubeadm-flags.env", "/etc/sysconfig/kubelet"
GO = "take it out of that file, and restart the kubelet"


@pytest.mark.parametrize(
    ("since", "to", "file", "text", "found", "wanted"),
    [
        (34, 35, ENV, 'KUBELET_KUBEADM_ARGS="--pod-infra-container-image=x --v=2"', None, None),
        (
            *(35, 36, ENV, 'KUBELET_KUBEADM_ARGS="--pod-infra-container-image=x"'),
            *(None, None),
        ),
        (
            *(34, 35, EXTRA, "KUBELET_EXTRA_ARGS=--pod-infra-container-image=x"),
            *("gives kubelet the flag --pod-infra-container-image", NO_FLAG.format(35)),
        ),
        (25, 27, ENV, 'KUBELET_KUBEADM_ARGS="--container-runtime=remote"', None, None),
        (
            *(26, 27, ENV, 'KUBELET_KUBEADM_ARGS="--container-runtime=remote"'),
            *("gives kubelet the flag --container-runtime", NO_FLAG.format(27)),
        ),
        (
            *(23, 24, ENV, 'KUBELET_KUBEADM_ARGS="--network-plugin cni"'),
            *("gives kubelet the flag --network-plugin", NO_FLAG.format(24)),
        ),
        (
            *(36, 37, EXTRA, 'KUBELET_EXTRA_ARGS="--feature-gates=A=true,SidecarContainers=true"'),
            *("sets the feature gate SidecarContainers", NO_GATE.format("Kubernetes", 37)),
        ),
        (33, 34, EXTRA, "KUBELET_EXTRA_ARGS=", None, None),
        (33, 34, EXTRA, "KUBELET_EXTRA_ARGS='--cloud-config", None, None),
    ],
)
def test_what_a_hosts_files_give_the_kubelet_and_the_target_has_not(
    since: int, to: int, file: str, text: str, found: str | None, wanted: str | None
) -> None:
    told = UpgradeFacts(kubelet_flags={file: text})
    assert findings(since, to, worker1=told) == [
        Finding("worker1", UPGRADE, f"{file} {found}", wanted, GO) for wanted in [wanted] if wanted
    ]


DROP_IN = "/etc/systemd/system/kubelet.service.d/20-extra.conf"
RELOAD = "take it out of that file, run `systemctl daemon-reload`, and restart the kubelet"
ADDS = 'Environment="KUBELET_EXTRA_ARGS=--iptables-drop-bit=15 --feature-gates=A=true,JobReadyPods=true"'
STARTS = "ExecStart=/usr/bin/kubelet --config=/var/lib/kubelet/config.yaml --iptables-drop-bit 15 $MINE"


@pytest.mark.parametrize(
    ("lines", "files", "wanted"),
    [
        ([ADDS], {}, {(DROP_IN, "flag"), (DROP_IN, "gate")}),
        # What comes from a file of variables has the last word.
        ([ADDS], {EXTRA: "KUBELET_EXTRA_ARGS=--v=2"}, set()),
        ([ADDS.replace("EXTRA", "OTHER")], {}, set()),
        (["ExecStart=", STARTS], {}, {(DROP_IN, "flag")}),
        (
            ["EnvironmentFile=/etc/mine", "ExecStart=", STARTS],
            {"/etc/mine": "MINE=--feature-gates=JobReadyPods=true"},
            {(DROP_IN, "flag"), ("/etc/mine", "gate")},
        ),
        (["EnvironmentFile=/etc/mine"], {"/etc/mine": "MINE=--iptables-drop-bit=1"}, {("/etc/mine", "flag")}),
    ],
)
def test_what_a_drop_in_gives_the_kubelet_and_the_target_has_not(
    lines: list[str], files: dict[str, str], wanted: set[tuple[str, str]]
) -> None:
    told = UpgradeFacts(kubelet_flags=files, kubelet_units=tuple((DROP_IN, line) for line in lines))
    phrases = {
        "flag": ("gives kubelet the flag --iptables-drop-bit", NO_FLAG.format(31)),
        "gate": ("sets the feature gate JobReadyPods", NO_GATE.format("Kubernetes", 31)),
    }
    expected = {
        Finding("worker1", UPGRADE, f"{file} {phrases[kind][0]}", phrases[kind][1], RELOAD if file == DROP_IN else GO)
        for file, kind in wanted
    }
    found = findings(30, 31, worker1=told)
    assert (len(found), {*found}) == (len(expected), expected)
    assert findings(31, 32, worker1=told) == []


@pytest.mark.parametrize(
    ("since", "component", "arguments", "name"),
    [
        (26, "controllerManager", {"pod_eviction_timeout": "5m"}, "--pod-eviction-timeout"),
        (32, "apiServer", {"feature-gates": "A=true,kube:AppArmor=true"}, "AppArmor"),
        (32, "apiServer", {"feature_gates": "AppArmor=true"}, "AppArmor"),
    ],
)
def test_other_spellings_of_what_the_target_has_not(
    since: int, component: str, arguments: dict[str, str], name: str
) -> None:
    patches = {"ClusterConfiguration": {component: {"extraArgs": arguments}}}
    (finding,) = findings(since, since + 1, patches=patches)
    assert finding.found.endswith(f" {name}")


@pytest.mark.parametrize(("own", "is_cleaned"), [(25, True), (26, False)])
def test_a_flag_is_cleaned_where_that_node_passes_the_minor_that_does(own: int, is_cleaned: bool) -> None:
    told = UpgradeFacts(kubelet_flags={ENV: 'KUBELET_KUBEADM_ARGS="--container-runtime=remote"'})
    found = findings(25, 27, worker1=told, kubelets={"worker1": own, "worker2": 25})
    assert (found == []) is is_cleaned


@pytest.mark.parametrize("odd", [None, 5, "text", [1], {"extraArgs": 5}, {"extraArgs": [None]}, {"local": []}])
def test_configurations_that_are_none_are_passed_over(odd: Any) -> None:
    kept = {"ClusterConfiguration": {"apiServer": odd, "etcd": odd, "featureGates": odd}}
    assert findings(20, 37, kept=kept) == []


def test_each_phrase_is_short() -> None:
    told = UpgradeFacts(
        manifests=(ManifestFile("a", "etcd"), ManifestFile("b")),
        deprecated_apis=(PSP,),
        uptime=1,
        webhooks=(Webhook("Kind x", "y", "a/b"),),
        free=0,
        etcd_size=1,
    )
    found = findings(24, 37, master1=told, master2=UpgradeFacts(), worker1=None, etcd={"m": "3.5.24"})
    assert len(found) == 11
    assert all(len(phrase.split()) <= 25 for entry in found for phrase in (entry.found, entry.wanted, entry.remedy))


@pytest.mark.parametrize(
    ("versions", "accepted", "found"),
    [
        (["1.30.14", "1.31.14"], [], None),
        (["1.28.15", "1.29.15", "1.30.14"], [], "the upgrade leads to 1.28.15, 1.29.15"),
        (["1.29.15"], ["unproven-upgrade"], None),
    ],
)
def test_a_way_that_nobody_has_gone(versions: list[str], accepted: list[str], found: str | None) -> None:
    cluster = six_host_cluster(kubernetes_version=versions[-1], accepted_risks=accepted)
    assert [finding.found for finding in unproven(cluster, versions)] == ([found] if found else [])


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ({"r/a:v1": ("200",), "r/b:v1": ("404", "200")}, []),
        (
            {"r/a:v1": ("404",), "r/b:v1": ("404", "404"), "r/c:v1": ("200",)},
            [("the cluster", "no registry has r/a:v1, r/b:v1", "error")],
        ),
        ({"r/a:v1": ("404", "500")}, [("master1", "no registry tells of r/a:v1 (500)", "warning")]),
        (
            {"r/a:v1": ("no answer",), "r/b:v1": ("401",)},
            [("master1", "no registry tells of r/a:v1, r/b:v1 (401, no answer)", "warning")],
        ),
        (None, [("master1", "could not ask which images there are", "warning")]),
        ({}, []),
    ],
)
def test_images_of_the_way(told: dict[str, tuple[str, ...]] | None, found: list[tuple[str, str, str]]) -> None:
    assert [(entry.host, entry.found, entry.severity) for entry in missing_images("master1", told)] == found
