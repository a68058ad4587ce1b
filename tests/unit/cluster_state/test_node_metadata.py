"""Labels and taints: what is set, what is taken off, what stays somebody else's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_ha.cluster_state.node_metadata import MetadataChange, Owned, metadata_changes
from k8s_ha.settings import Cluster, load_cluster
from tests.support.example_cluster import six_hosts
from tests.support.standing_cluster import node_of, snapshot_of, view_of

CONTROL_PLANE = "node-role.kubernetes.io/control-plane:NoSchedule"
MASTER = "node-role.kubernetes.io/master:NoSchedule"


def cluster_with(name: str, version: str = "1.30.14", **settings: Any) -> Cluster:
    """The six hosts, one of them with labels or taints of its own."""
    hosts = [host | (settings if host["name"] == name else {}) for host in six_hosts()]
    return load_cluster({"kubernetes_version": version, "mirror": "aliyun"}, hosts)


def change(name: str, wanted: dict[str, Any], node: dict[str, Any], version: str = "1.30.14") -> MetadataChange | None:
    """What changes on this node, which stands so."""
    cluster = cluster_with(name, version, **wanted)
    plain = cluster_with("", version)
    nodes = tuple(node_of(plain, host, **(node if host.name == name else {})) for host in plain.nodes)
    views = {host.name: view_of(cluster, host, nodes=nodes) for host in cluster.control_planes}
    changes = metadata_changes(snapshot_of(cluster, **views))
    assert set(changes) <= {name}
    return changes.get(name)


ROWS: dict[str, tuple[str, dict[str, Any], dict[str, Any], dict[str, Any] | None]] = {
    # name, wanted by the settings, how the node stands -> labels, taints, untaints, owned
    "nothing wanted, nothing there": ("worker1", {}, {}, None),
    "a user's label stays": ("worker1", {}, {"labels": {"team": "a"}}, None),
    "a label is set": (
        "worker1",
        {"labels": {"zone": "b"}},
        {},
        {"labels": {"zone": "b"}, "owned": "labels=zone"},
    ),
    "a label has another value": (
        "worker1",
        {"labels": {"zone": "b"}},
        {"labels": {"zone": "a"}, "owned": "labels=zone"},
        {"labels": {"zone": "b"}, "owned": "labels=zone"},
    ),
    "a label taken out of the settings is taken off": (
        "worker1",
        {"labels": {"zone": "b"}},
        {"labels": {"zone": "b", "disk": "ssd", "team": "a"}, "owned": "labels=disk,zone"},
        {"labels": {"disk": None}, "owned": "labels=zone"},
    ),
    "the last one taken out": (
        "worker1",
        {},
        {"labels": {"disk": "ssd"}, "owned": "labels=disk"},
        {"labels": {"disk": None}, "owned": ""},
    ),
    "one taken off by hand is only forgotten": ("worker1", {}, {"owned": "labels=disk"}, {"owned": ""}),
    "as it was built, before anybody noted it": (
        "worker1",
        {"labels": {"zone": "b"}},
        {"labels": {"zone": "b"}},
        {"owned": "labels=zone"},
    ),
    "as wanted and noted": (
        "worker1",
        {"labels": {"zone": "b"}},
        {"labels": {"zone": "b"}, "owned": "labels=zone"},
        None,
    ),
    "a taint is set": (
        "worker1",
        {"taints": ["gpu=yes:NoSchedule"]},
        {},
        {"taints": ("gpu=yes:NoSchedule",), "owned": "taints=gpu:NoSchedule"},
    ),
    "a taint has another value": (
        "worker1",
        {"taints": ["gpu=no:NoSchedule"]},
        {"taints": ("gpu=yes:NoSchedule",), "owned": "taints=gpu:NoSchedule"},
        {"taints": ("gpu=no:NoSchedule",), "owned": "taints=gpu:NoSchedule"},
    ),
    "a user's taint stays": (
        "worker1",
        {"taints": []},
        {"taints": ("mine:NoExecute",), "owned": "taints="},
        None,
    ),
    "a taint taken out": (
        "worker1",
        {"taints": ["b:NoExecute"]},
        {"taints": ("a=1:NoSchedule", "b:NoExecute", "mine:NoExecute"), "owned": "taints=a:NoSchedule,b:NoExecute"},
        {"untaints": ("a:NoSchedule",), "owned": "taints=b:NoExecute"},
    ),
    "all taints left to kubeadm again, on a worker": (
        "worker1",
        {},
        {"taints": ("a=1:NoSchedule",), "owned": "taints=a:NoSchedule"},
        {"untaints": ("a:NoSchedule",), "owned": ""},
    ),
    "a control plane for workloads too": (
        "master1",
        {"taints": []},
        {},
        {"untaints": (CONTROL_PLANE,), "owned": "taints="},
    ),
    "a control plane that was one, and is left to kubeadm again": (
        "master1",
        {},
        {"taints": (), "owned": "taints="},
        {"taints": (CONTROL_PLANE,), "owned": ""},
    ),
    "a taint of kubeadm's that a user took off stays off": ("master1", {}, {"taints": ()}, None),
    "somebody else's annotation": ("worker1", {}, {"owned": "garbage"}, None),
}


@pytest.mark.parametrize(("name", "wanted", "node", "expected"), ROWS.values(), ids=ROWS)
def test_what_changes(name: str, wanted: dict[str, Any], node: dict[str, Any], expected: dict[str, Any] | None) -> None:
    found = change(name, wanted, node)
    nothing = {"labels": {}, "taints": (), "untaints": ()}
    told = None if found is None else replace(found, meanwhile="")
    assert told == (None if expected is None else MetadataChange(name, **(nothing | expected)))


@pytest.mark.parametrize(
    ("version", "taints"),
    [("1.23.17", (MASTER,)), ("1.24.17", (CONTROL_PLANE, MASTER)), ("1.25.14", (CONTROL_PLANE,))],
)
def test_kubeadms_own_taints_by_line(version: str, taints: tuple[str, ...]) -> None:
    found = change("master1", {}, {"taints": (), "owned": "taints="}, version)
    assert found is not None
    assert found.taints == taints


def test_until_all_is_done_the_note_names_what_was_and_what_will_be() -> None:
    node = {"labels": {"a": "1"}, "taints": ("x:NoExecute",), "owned": "labels=a;taints=x:NoExecute"}
    found = change("worker1", {"labels": {"b": "1"}, "taints": ["y:NoExecute"]}, node)
    assert found is not None
    assert found.meanwhile == "labels=a,b;taints=x:NoExecute,y:NoExecute"


def test_the_sentence() -> None:
    node = {"labels": {"zone": "a", "disk": "ssd"}, "taints": ("a=1:NoSchedule",)}
    wanted = {"labels": {"zone": "b"}, "taints": ["b:NoExecute"]}
    found = change("worker1", wanted, node | {"owned": "labels=zone,disk;taints=a:NoSchedule"})
    assert found is not None
    assert found.sentence == "gets label zone=b, taint b:NoExecute; loses label disk, taint a:NoSchedule"
    assert not found.is_a_note
    note = change("worker1", {"labels": {"zone": "a"}}, {"labels": {"zone": "a"}})
    assert note is not None
    assert note.is_a_note
    assert note.sentence == "its labels and taints are noted as the settings'"


NAMES = st.frozensets(st.from_regex(r"[a-z]{1,5}(/[a-z]{1,5})?", fullmatch=True), max_size=3)


@given(labels=NAMES, taints=st.none() | NAMES)
def test_the_note_reads_as_it_was_written(labels: frozenset[str], taints: frozenset[str] | None) -> None:
    assert Owned.parse(str(Owned(labels, taints))) == Owned(labels, taints)


@given(st.text())
def test_any_text_reads_as_something(text: str) -> None:
    Owned.parse(text)
