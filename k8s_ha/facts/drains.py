"""What the drains of the cluster's nodes would meet, asked on its leader."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import ParsedFact, fields, script
from k8s_ha.observations.drains import (
    GRACE_SECONDS,
    Budget,
    DrainNode,
    DrainObservation,
    DrainPod,
    Owner,
    Workload,
    requirements,
)
from k8s_ha.untrusted import read_json, whole_number

T = TypeVar("T")

_KEEPS_OFF: Final = ("NoSchedule", "NoExecute")
_EMPTY_COVERS_NONE: Final = "policy/v1beta1"
"""The API version whose empty selector means no pod (kubernetes.io: Deprecated API Migration Guide, 1.25)."""


class Drains(ParsedFact[DrainObservation]):
    """Pods, budgets, workloads and nodes of the cluster; None where the API server did not tell all of them.

    + address: the host's node address, at which its own API server is asked
    """

    def command(self, address: str) -> str:
        return marked(script("drains.sh", ADDRESS=address))

    def parse(self, output: list[str]) -> DrainObservation:
        values = fields(output)
        if "node" not in values:
            raise ValueError("it tells of no node")
        if not values["now"]:
            raise ValueError("it tells no time")
        now = _moment(values["now"][0])
        return DrainObservation(
            nodes=tuple(_node(line) for line in values["node"]),
            pods=tuple(_pod(line, now) for line in values["pod"]),
            budgets=tuple(_budget(line) for line in values["budget"]),
            workloads=tuple(_workload(line) for line in values["workload"]),
        )


def _node(line: str) -> DrainNode:
    name, ready, unschedulable, cordoned, taints = line.split(" ", 4)
    held: list[Mapping[str, str]] = _json(taints, [])
    return DrainNode(
        name,
        ready=ready == "True",
        schedulable=unschedulable != "true",
        cordoned=cordoned,
        taints=frozenset(f"{taint['key']}:{taint['effect']}" for taint in held if taint["effect"] in _KEEPS_OFF),
    )


def _moment(text: str) -> datetime:
    """A time as the API writes it, in UTC."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _pod(line: str, now: datetime) -> DrainPod:
    namespace, name, node, phase, ready, deleted, mirror, kind, owner, grace, labels, volumes = line.split(" ", 11)
    held: dict[str, Any] = _json(labels, {})
    return DrainPod(
        namespace,
        name,
        node,
        phase=phase,
        ready=ready == "True",
        owner=_owner(kind, owner),
        mirror=bool(mirror),
        deleted=bool(deleted),
        overdue=max(0, round((now - _moment(deleted)).total_seconds())) if deleted else 0,
        local_data=bool(volumes),
        grace_seconds=_grace_seconds(grace),
        labels={key: str(value) for key, value in held.items()},
    )


def _grace_seconds(text: str) -> int:
    """What a pod has to end; a negative number, which some have from older versions, counts as 1 (the API's words)."""
    if text.startswith("-"):
        return 1
    return _number(text) if text else GRACE_SECONDS


def _budget(line: str) -> Budget:
    namespace, name, allowed, version, policy, text = line.split(" ", 5)
    selector: dict[str, Any] = _json(text, {})
    covers_none = not selector and (not text or version == _EMPTY_COVERS_NONE)
    return Budget(
        namespace,
        name,
        _number(allowed),
        asks=None if covers_none else requirements(selector),
        lets_unready_go=policy == "AlwaysAllow",
    )


def _workload(line: str) -> Workload:
    kind, namespace, name, replicas, owner_kind, owner = [*line.split(" "), "", ""][:6]
    _number(replicas)  # a line that was cut off has none
    return Workload(kind, namespace, name, _owner(owner_kind, owner))


def _owner(kind: str, name: str) -> Owner | None:
    return Owner(kind, name) if kind else None


def _number(text: str) -> int:
    number = whole_number(text)
    if number is None:
        raise ValueError(f"{text!r} is no number")
    return number


def _json(text: str, nothing: T) -> T:
    """What a column of jsonpath holds; nothing where the object has no such field."""
    if not text:
        return nothing
    found = read_json(text)
    if not isinstance(found, type(nothing)):
        raise ValueError(f"{text!r} is not what it should be")
    return found
