"""What a node tells of an upgrade: lines that a script printed -> values."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from pyinfra.api.exceptions import FactProcessError

from k8s_ha.facts.upgrade import UpgradeSurvey
from k8s_ha.observations.upgrade import DeprecatedApi, ManifestFile, UpgradeFacts, Webhook
from tests.support.answers import whole
from tests.support.node_views import recorded

RECORDED = recorded("upgrade-control-plane")
CONTROL_PLANE = UpgradeFacts(
    free=68424676 * 1024,
    etcd_size=4 * 1024,
    manifests=(ManifestFile("etcd.yaml.bak", "etcd"),),
    deprecated_apis=(
        DeprecatedApi("extensions", "v1beta1", "ingresses", "1.22"),
        DeprecatedApi("rbac.authorization.k8s.io", "v1beta1", "clusterroles", "1.22"),
    ),
    uptime=31,
    webhooks=(Webhook("ValidatingWebhookConfiguration dead", "pods.dead.example", "shop/guard"),),
    kubelet_flags={
        "/var/lib/kubelet/kubeadm-flags.env": 'KUBELET_KUBEADM_ARGS="--network-plugin=cni '
        '--pod-infra-container-image=k8s.gcr.io/pause:3.2"',
        "/etc/sysconfig/kubelet": 'KUBELET_EXTRA_ARGS="--v=2 --node-ip=10.0.11.18"',
    },
)


def parsed(lines: list[str]) -> UpgradeFacts:
    return UpgradeSurvey().process(whole(lines))


def without(*keys: str) -> list[str]:
    return [line for line in RECORDED if not line.startswith(keys)]


def test_a_control_plane() -> None:
    assert parsed(RECORDED) == CONTROL_PLANE


def test_a_worker_tells_its_kubelets_flags_alone() -> None:
    assert parsed(RECORDED[:2]) == UpgradeFacts(kubelet_flags=CONTROL_PLANE.kubelet_flags)


@pytest.mark.parametrize(
    ("lines", "facts"),
    [
        (without("free "), replace(CONTROL_PLANE, free=None)),
        (without("etcd_size "), replace(CONTROL_PLANE, etcd_size=None)),
        (without("manifest"), replace(CONTROL_PLANE, manifests=None)),
        (without("manifest "), replace(CONTROL_PLANE, manifests=())),
        (without("metric process"), replace(CONTROL_PLANE, deprecated_apis=None, uptime=None)),
        (without("metric apiserver"), replace(CONTROL_PLANE, deprecated_apis=())),
        (without("now "), replace(CONTROL_PLANE, uptime=None)),
        (without("webhook"), replace(CONTROL_PLANE, webhooks=None)),
        (without("webhook "), replace(CONTROL_PLANE, webhooks=())),
    ],
)
def test_what_could_not_be_read_is_not_empty(lines: list[str], facts: UpgradeFacts) -> None:
    assert parsed(lines) == facts


def test_a_service_without_a_ready_endpoint_in_its_own_namespace_has_none() -> None:
    assert parsed([*without("ready "), "ready other injector"]).webhooks == (
        Webhook("ValidatingWebhookConfiguration dead", "pods.dead.example", "shop/guard"),
        Webhook("MutatingWebhookConfiguration alive", "pods.alive.example", "shop/injector"),
    )


def test_files_of_static_pods_by_their_names() -> None:
    pod = base64.b64encode(b'{"metadata": {"name": "kube-apiserver"}}').decode()
    lines = ["manifests read", "manifest  my pod.yaml", f"manifest {pod} old.json"]
    assert parsed(lines).manifests == (ManifestFile("my pod.yaml"), ManifestFile("old.json", "kube-apiserver"))


METRIC = "metric apiserver_requested_deprecated_apis"
STARTED = "metric process_start_time_seconds 1.5e+09"


@pytest.mark.parametrize(
    ("line", "apis"),
    [
        (
            f'{METRIC}{{group="",removed_release="",resource="componentstatuses",subresource="",version="v1"}} 1',
            (DeprecatedApi("", "v1", "componentstatuses", ""),),
        ),
        (f'{METRIC}{{group="policy",removed_release="1.25",resource="x",subresource="",version="v1beta1"}} 0', ()),
    ],
)
def test_deprecated_apis(line: str, apis: tuple[DeprecatedApi, ...]) -> None:
    assert parsed([line, STARTED]).deprecated_apis == apis


@pytest.mark.parametrize(
    ("release", "minor"), [("1.22", 22), ("1.25", 25), ("", None), ("soon", None), ("1.²", None), ("9" * 5000, None)]
)
def test_the_minor_that_no_longer_serves_an_api(release: str, minor: int | None) -> None:
    assert DeprecatedApi("g", "v1", "r", release).removed_minor == minor


@pytest.mark.parametrize(
    ("api", "text"),
    [
        (DeprecatedApi("policy", "v1beta1", "podsecuritypolicies", "1.25"), "podsecuritypolicies of policy/v1beta1"),
        (DeprecatedApi("", "v1", "componentstatuses", ""), "componentstatuses of v1"),
    ],
)
def test_an_api_by_its_name(api: DeprecatedApi, text: str) -> None:
    assert str(api) == text


@pytest.mark.parametrize(
    ("now", "uptime"), [("1500000031", 31), ("1499999999", 0), ("never", None), ("²", None), ("9" * 5000, None)]
)
def test_how_long_an_api_server_has_run(now: str, uptime: int | None) -> None:
    assert parsed([STARTED, f"now {now}"]).uptime == uptime


@pytest.mark.parametrize(
    "lines",
    [
        ["webhooks read", "webhook Kind name hook shop"],
        [STARTED, f'{METRIC}{{group="policy"}} 1'],
    ],
)
def test_what_cannot_be_read_costs_the_host_and_no_more(lines: list[str]) -> None:
    with pytest.raises(FactProcessError):
        parsed(lines)


@pytest.mark.parametrize("seconds", ["nan", "1e999", "9" * 5000, "-1", ""])
def test_a_start_that_is_none_tells_that_the_metrics_were_not_read(seconds: str) -> None:
    assert parsed([f"metric process_start_time_seconds {seconds}", "now 1"]).deprecated_apis is None
