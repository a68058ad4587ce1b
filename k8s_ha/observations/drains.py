"""What the drains of a cluster's nodes would meet: pods, budgets for their disruption, and other nodes to go to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

DAEMON_SET: Final = "DaemonSet"
GRACE_SECONDS: Final = 30
"""What a pod has to end where it asks for nothing else (the API's default)."""

_ENDED: Final = ("Succeeded", "Failed")


@dataclass(frozen=True)
class Owner:
    """The controller of a pod or of a ReplicaSet, such as ``ReplicaSet web-5d``."""

    kind: str
    name: str


@dataclass(frozen=True)
class DrainPod:
    """A pod that was placed on a node.

    + phase: as the API has it, such as ``Running``
    + ready: whether its condition Ready is true
    + owner: None where no controller would make it anew
    + mirror: whether it stands for a static pod, which no drain touches
    + deleted: whether it is being deleted already
    + overdue: seconds since it should have ended by then; 0 while it may go on, or is not being deleted
    + local_data: whether it has an emptyDir volume
    + grace_seconds: how long it may take to end once it is asked to
    + labels: where a budget of its namespace may choose by them
    """

    namespace: str
    name: str
    node: str
    phase: str = "Running"
    ready: bool = True
    owner: Owner | None = None
    mirror: bool = False
    deleted: bool = False
    overdue: int = 0
    local_data: bool = False
    grace_seconds: int = GRACE_SECONDS
    labels: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def has_ended(self) -> bool:
        """Whether its containers have ended for good; then nothing is asked before it is deleted."""
        return self.phase in _ENDED

    @property
    def is_drained(self) -> bool:
        """Whether a drain takes it away: no static pod, and none of a DaemonSet."""
        return not (self.mirror or (self.owner is not None and self.owner.kind == DAEMON_SET))

    @property
    def is_evicted(self) -> bool:
        """Whether a drain takes it away while it is at work."""
        return self.is_drained and not self.has_ended


@dataclass(frozen=True)
class Requirement:
    """What a label selector asks of one label.

    + operator: In, NotIn, Exists or DoesNotExist
    + values: of the first two
    """

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether these labels are as it asks."""
        if self.operator == "In":
            return labels.get(self.key) in self.values
        if self.operator == "NotIn":
            return labels.get(self.key) not in self.values
        return (self.key in labels) == (self.operator == "Exists")


def requirements(selector: Mapping[str, Any]) -> tuple[Requirement, ...]:
    """All that a label selector of the API asks; AttributeError, KeyError or TypeError where it is none."""
    equal = [Requirement(str(key), "In", (str(value),)) for key, value in selector.get("matchLabels", {}).items()]
    others = [
        Requirement(str(entry["key"]), str(entry["operator"]), tuple(map(str, entry.get("values", ()))))
        for entry in selector.get("matchExpressions", ())
    ]
    return (*equal, *others)


@dataclass(frozen=True)
class Budget:
    """A PodDisruptionBudget.

    + allowed: how many of its pods may be evicted now
    + asks: what it asks of a pod's labels, all of which must hold; None where it covers no pod
    + lets_unready_go: whether pods that are not Ready may be evicted whatever is allowed
    """

    namespace: str
    name: str
    allowed: int
    asks: tuple[Requirement, ...] | None = ()
    lets_unready_go: bool = False

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    def covers(self, pod: DrainPod) -> bool:
        """Whether the API server asks this budget before it evicts the pod."""
        if pod.namespace != self.namespace or self.asks is None:
            return False
        if pod.deleted or pod.phase == "Pending" or (self.lets_unready_go and not pod.ready):
            return False
        return all(requirement.holds(pod.labels) for requirement in self.asks)


@dataclass(frozen=True)
class DrainNode:
    """A Node as a place for pods.

    + cordoned: when this package cordoned it, in UTC as it noted it; empty where it did not
    + taints: ``KEY:EFFECT`` of those that keep pods off or send them away
    """

    name: str
    ready: bool = True
    schedulable: bool = True
    cordoned: str = ""
    taints: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Workload:
    """A Deployment, StatefulSet or ReplicaSet.

    + owner: its own controller, as a ReplicaSet of a Deployment has one
    """

    kind: str
    namespace: str
    name: str
    owner: Owner | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True)
class DrainObservation:
    """All of it at one moment, as the API server told it."""

    nodes: tuple[DrainNode, ...] = ()
    pods: tuple[DrainPod, ...] = ()
    budgets: tuple[Budget, ...] = ()
    workloads: tuple[Workload, ...] = ()

    def evicted_from(self, node: str) -> Sequence[DrainPod]:
        """The pods that a drain of the node takes away while they are at work."""
        return self._evicted.get(node, ())

    def overdue_on(self, node: str, seconds: int) -> Sequence[DrainPod]:
        """The pods that a drain of the node waits for, and that should have ended longer ago than that."""
        return [pod for pod in self._overdue.get(node, ()) if pod.overdue > seconds]

    def budgets_of(self, pod: DrainPod) -> list[Budget]:
        """The budgets that the API server asks before it evicts the pod."""
        return [budget for budget in self._budgets.get(pod.namespace, ()) if budget.covers(pod)]

    def workload_of(self, pod: DrainPod) -> Workload | None:
        """What keeps up the pod's replicas: its ReplicaSet's Deployment, else its own controller; None for others."""
        held = self._owner(pod.namespace, pod.owner)
        return None if held is None else self._owner(held.namespace, held.owner) or held

    def serving(self, workload: Workload | None) -> Sequence[DrainPod]:
        """Its pods that are Ready and stay for now; none of what is no workload."""
        return self._serving.get(workload, ())

    def _owner(self, namespace: str, owner: Owner | None) -> Workload | None:
        return None if owner is None else self._workloads.get((owner.kind, namespace, owner.name))

    @cached_property
    def _serving(self) -> Mapping[Workload | None, Sequence[DrainPod]]:
        found: dict[Workload | None, list[DrainPod]] = {}
        for pod in self.pods:
            if pod.ready and not pod.deleted and (workload := self.workload_of(pod)) is not None:
                found.setdefault(workload, []).append(pod)
        return found

    @cached_property
    def _overdue(self) -> Mapping[str, Sequence[DrainPod]]:
        return _by_node(pod for pod in self.pods if pod.overdue and pod.is_drained)

    @cached_property
    def _evicted(self) -> Mapping[str, Sequence[DrainPod]]:
        return _by_node(pod for pod in self.pods if pod.is_evicted)

    @cached_property
    def _budgets(self) -> Mapping[str, Sequence[Budget]]:
        found: dict[str, list[Budget]] = {}
        for budget in self.budgets:
            found.setdefault(budget.namespace, []).append(budget)
        return found

    @cached_property
    def _workloads(self) -> Mapping[tuple[str, str, str], Workload]:
        return {(entry.kind, entry.namespace, entry.name): entry for entry in self.workloads}


def _by_node(pods: Iterable[DrainPod]) -> Mapping[str, Sequence[DrainPod]]:
    found: dict[str, list[DrainPod]] = {}
    for pod in pods:
        found.setdefault(pod.node, []).append(pod)
    return found
