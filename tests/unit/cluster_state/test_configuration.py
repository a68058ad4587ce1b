"""What of two configurations is a difference, and what kubeadm makes of it by itself."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from k8s_ha.catalog import compatibility
from k8s_ha.cluster_state.configuration import deviations, followed, same_argument
from k8s_ha.desired.kubeadm_config import kept_configuration
from k8s_ha.settings import Cluster
from tests.support.example_cluster import OWN_KUBERNETES, six_host_cluster
from tests.support.paths import RECORDED

KINDS = ("ClusterConfiguration", "KubeletConfiguration", "KubeProxyConfiguration")
DEFAULTS = sorted((RECORDED / "kubeadm-defaults").glob("*.yaml"))


def cluster_of(version: str, **settings: object) -> Cluster:
    return six_host_cluster(kubernetes_version=version, mirror=OWN_KUBERNETES, **settings)


def kept_by_kubeadm(path: Any, wanted: dict[str, Any]) -> dict[str, Any]:
    """What kubeadm of this line keeps: its defaults, with what was given merged over them."""
    printed = {document["kind"]: document for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))}
    return {kind: merged(printed[kind], wanted[kind]) for kind in KINDS}


def merged(base: Any, over: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    return base | {key: merged(base.get(key), value) for key, value in over.items()}


def found(kind: str, wanted: dict[str, Any], standing: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    return [(entry.field, entry.wanted, entry.standing) for entry in deviations(kind, wanted, standing)]


def compared(wanted: dict[str, Any], standing: dict[str, Any]) -> dict[str, list[tuple[str, Any, Any]]]:
    """What differs, by kind."""
    told = {}
    for kind in KINDS:
        follows = followed(kind, standing["ClusterConfiguration"])
        entries = deviations(kind, wanted[kind], standing[kind], follows)
        told[kind] = [(entry.field, entry.wanted, entry.standing) for entry in entries]
    return told


@pytest.mark.parametrize("path", DEFAULTS, ids=lambda path: path.stem)
def test_what_kubeadm_fills_in_is_no_difference(path: Any) -> None:
    wanted = kept_configuration(cluster_of(path.stem))
    standing = kept_by_kubeadm(path, wanted)
    assert compared(wanted, standing) == {kind: [] for kind in KINDS}


@pytest.mark.parametrize("path", DEFAULTS, ids=lambda path: path.stem)
def test_what_kubeadm_was_given_beside_that_is_seen_when_the_settings_no_longer_say_it(path: Any) -> None:
    patches: dict[str, dict[str, Any]] = {
        "ClusterConfiguration": {"apiServer": {"extraArgs": {"audit-log-path": "/var/log/audit"}}},
        "KubeletConfiguration": {"maxPods": 200, "failSwapOn": False},
        "KubeProxyConfiguration": {"metricsBindAddress": "0.0.0.0", "conntrack": {"maxPerCore": 0}},
    }
    wanted = kept_configuration(cluster_of(path.stem))
    standing = kept_by_kubeadm(path, kept_configuration(cluster_of(path.stem, kubeadm_patches=patches)))
    assert compared(wanted, standing) == {
        "ClusterConfiguration": [("apiServer.extraArgs.audit-log-path", None, "/var/log/audit")],
        "KubeletConfiguration": [("maxPods", None, 200), ("failSwapOn", None, False)],
        "KubeProxyConfiguration": [
            ("conntrack.maxPerCore", None, 0),
            ("metricsBindAddress", None, "0.0.0.0"),
        ],
    }


SAME = {
    "a map in a list with its keys in another order, and zeros that Go leaves out": (
        {"apiServer": {"extraVolumes": [{"name": "a", "hostPath": "/a", "mountPath": "/b", "readOnly": False}]}},
        {"apiServer": {"extraVolumes": [{"hostPath": "/a", "mountPath": "/b", "name": "a"}]}},
    ),
    "an amount": ({"systemReserved": {"memory": "1Gi"}}, {"systemReserved": {"memory": "1024Mi"}}),
    "a number with a fraction as text": (
        {"apiServer": {"extraArgs": {"goaway-chance": 0.5}}},
        {"apiServer": {"extraArgs": [{"name": "goaway-chance", "value": "0.5"}]}},
    ),
    "several numbers of one argument": (
        {"apiServer": {"extraArgs": [{"name": "a", "value": 1}, {"name": "a", "value": 2}]}},
        {"apiServer": {"extraArgs": [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]}},
    ),
    "plain numbers that Go leaves out": ({"podsPerCore": 0, "registryBurst": 0}, {}),
    "a duration": ({"syncFrequency": "4m"}, {"syncFrequency": "4m0s"}),
    "a list in another order": ({"tlsCipherSuites": ["b", "a"]}, {"tlsCipherSuites": ["a", "b"]}),
    "nothing and an empty map": ({"evictionHard": {}}, {}),
    "nothing and null": ({"evictionHard": None}, {}),
    "what Go leaves out": ({"serverTLSBootstrap": False}, {}),
    "a number as text": ({"kubeReserved": {"pid": 1000}}, {"kubeReserved": {"pid": "1000"}}),
    "extra arguments as a list": (
        {"apiServer": {"extraArgs": {"v": "4"}}},
        {"apiServer": {"extraArgs": [{"name": "v", "value": "4"}]}},
    ),
    "a truth as text": (
        {"apiServer": {"extraArgs": {"profiling": False}}},
        {"apiServer": {"extraArgs": [{"name": "profiling", "value": "false"}]}},
    ),
    "one argument twice": (
        {"apiServer": {"extraArgs": [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]}},
        {"apiServer": {"extraArgs": [{"name": "a", "value": "2"}, {"name": "a", "value": "1"}]}},
    ),
}
OTHER = {
    "another number": ({"maxPods": 200}, {"maxPods": 110}, [("maxPods", 200, 110)]),
    "none yet": ({"maxPods": 200}, {}, [("maxPods", 200, None)]),
    "a gate that somebody closed": ({"featureGates": {"A": False}}, {}, [("featureGates.A", False, None)]),
    "an argument of nothing": (
        {"apiServer": {"extraArgs": {"a": ""}}},
        {"apiServer": {"extraArgs": [{"name": "b", "value": "0s"}]}},
        [("apiServer.extraArgs.a", "", None), ("apiServer.extraArgs.b", None, "0s")],
    ),
    "a zero where Go would write it": ({"failSwapOn": False}, {}, [("failSwapOn", False, None)]),
    "a truth and a number": ({"maxPods": 1}, {"maxPods": True}, [("maxPods", 1, True)]),
    "a default put away": (
        {"authentication": {"anonymous": {"enabled": True}}},
        {"authentication": {"anonymous": {"enabled": False}}},
        [("authentication.anonymous.enabled", True, False)],
    ),
    "a key with a dot": (
        {"evictionHard": {"memory.available": "1Gi"}},
        {"evictionHard": {"memory.available": "100Mi"}},
        [("evictionHard.memory.available", "1Gi", "100Mi")],
    ),
    "a list that is longer": (
        {"clusterDNS": ["10.0.0.1", "10.0.0.2"]},
        {"clusterDNS": ["10.0.0.1"]},
        [("clusterDNS", ["10.0.0.1", "10.0.0.2"], ["10.0.0.1"])],
    ),
    "a list of maps": (
        {"registerWithTaints": [{"key": "a", "effect": "NoSchedule"}]},
        {"registerWithTaints": [{"key": "b", "effect": "NoSchedule"}]},
        [("registerWithTaints", "a", "b")],
    ),
}


@pytest.mark.parametrize(("wanted", "standing"), SAME.values(), ids=SAME)
def test_the_same_written_in_another_way(wanted: dict[str, Any], standing: dict[str, Any]) -> None:
    kind = "ClusterConfiguration" if "apiServer" in wanted else "KubeletConfiguration"
    assert found(kind, wanted, standing) == []


@pytest.mark.parametrize(("wanted", "standing", "expected"), OTHER.values(), ids=OTHER)
def test_another_value(wanted: dict[str, Any], standing: dict[str, Any], expected: list[Any]) -> None:
    kind = "ClusterConfiguration" if "apiServer" in wanted else "KubeletConfiguration"
    told = found(kind, wanted, standing)
    assert [entry[0] for entry in told] == [entry[0] for entry in expected]
    for (_, given, kept), (_, needed, held) in zip(told, expected, strict=True):
        assert (str(needed) in str(given), str(held) in str(kept)) == (True, True)


def test_every_line_that_was_recorded_is_one_of_the_catalogue() -> None:
    assert {int(path.stem.split(".")[1]) for path in DEFAULTS} <= set(compatibility.LINES)
    assert len(DEFAULTS) > 10


@pytest.mark.parametrize(
    ("wanted", "standing", "same"),
    [
        ("a,b", "b,a", True),
        (True, "true", True),
        (("a", "b"), "a,b", True),
        ("5m", "5m0s", True),
        ("a", "a,b", False),
        ("a", None, False),
        ("", "", True),
    ],
)
def test_a_flag(wanted: Any, standing: str | None, same: bool) -> None:
    assert same_argument(wanted, standing) is same
