"""What keeps the drains of nodes from ending, or is away meanwhile: told before any node is cordoned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from k8s_ha.catalog.drains import DRAIN_RISKS, DrainRisk
from k8s_ha.observations.drains import Budget, DrainNode, DrainObservation, DrainPod
from k8s_ha.settings import HostSettings
from k8s_ha.untrusted import some


@dataclass(frozen=True)
class Obstacle:
    """One thing that stands against the drain of a node.

    + host: inventory name of the node's host
    + found, rule, remedy: a phrase each, without a full stop
    + blocks: whether the drain could not end, or would cost what nobody has accepted; else it is only told
    """

    host: str
    found: str
    rule: str
    remedy: str
    blocks: bool = True


def drain_obstacles(
    observation: DrainObservation,
    nodes: Sequence[HostSettings],
    accepted: Collection[str],
    closed: Collection[str] = (),
) -> list[Obstacle]:
    """What stands against the drains of these nodes, all at once; none of a node that the cluster does not know.

    + accepted: the setting ``accepted_risks``
    + closed: names of other nodes that are no place for their pods
    """
    away = {*closed, *(node.hostname for node in nodes)}
    evicted = [pod for node in nodes for pod in observation.evicted_from(node.hostname)]
    asked = Counter(budget for pod in evicted for budget in observation.budgets_of(pod))
    found = [obstacle for node in nodes for obstacle in _of_node(observation, node, accepted, away, asked)]
    return [*found, *_whole_workloads(observation, nodes)]


SECONDS_FOR_A_DRAIN: Final = 360
"""How long the pods of a node may take to go (kubespray's bound), where none of them asks for more."""

_SECONDS_TO_BE_EVICTED: Final = 60
"""What a pod may take beside its own grace period."""


def drain_seconds(observation: DrainObservation, node: HostSettings) -> int:
    """How long the pods of this node may take to go: those of one budget go so many at once as that allows.

    With them go the pods of nodes that are drained at the same time, as far as these are cordoned already.
    """
    pods = observation.evicted_from(node.hostname)
    cordoned = [entry.name for entry in observation.nodes if entry.cordoned and entry.name != node.hostname]
    going = [*pods, *(pod for name in cordoned for pod in observation.evicted_from(name))]
    protected = Counter(budget for pod in going for budget in observation.budgets_of(pod))
    seconds = [SECONDS_FOR_A_DRAIN]
    for pod in pods:
        turns = [-(-protected[budget] // max(1, budget.allowed)) for budget in observation.budgets_of(pod)]
        seconds.append(max([1, *turns]) * (pod.grace_seconds + _SECONDS_TO_BE_EVICTED))
    return max(seconds)


def evicts(observation: DrainObservation, node: HostSettings, accepted: Collection[str]) -> tuple[str, ...]:
    """More flags of ``kubectl drain`` for this node: only for what is accepted, and only where it has such pods.

    + accepted: the setting ``accepted_risks``
    """
    pods = observation.evicted_from(node.hostname)
    return tuple(cost.flag for risk, cost in DRAIN_RISKS.items() if risk in accepted and _risky(pods, risk))


_RISKY: Final[Mapping[DrainRisk, tuple[str, str]]] = {
    "bare-pods": ("without a controller", "give them one, delete them"),
    "local-data": ("with emptyDir volumes", "keep it elsewhere"),
}
"""What pods of a risk have, and what there is to do but to accept it."""


def _accepting(risk: DrainRisk) -> str:
    return f"set accepted_risks = ['{risk}']"


def _risky(pods: Iterable[DrainPod], risk: DrainRisk) -> list[str]:
    return [str(pod) for pod in pods if (pod.owner is None if risk == "bare-pods" else pod.local_data)]


def _of_node(
    observation: DrainObservation,
    node: HostSettings,
    accepted: Collection[str],
    away: Collection[str],
    asked: Mapping[Budget, int],
) -> Iterator[Obstacle]:
    """What one node's drain meets.

    + away: names of the nodes that are no place for its pods
    + asked: how many pods of each budget go at once
    """
    yield from _endless(observation, node)
    pods = observation.evicted_from(node.hostname)
    if not pods:
        return
    for risk, cost in DRAIN_RISKS.items():
        if risk not in accepted and (names := _risky(pods, risk)):
            having, remedy = _RISKY[risk]
            yield Obstacle(node.name, f"runs {some(names)} {having}", cost.price, f"{remedy}, or {_accepting(risk)}")
    yield from _budgets(observation, node, pods)
    yield from _places(observation, node, pods, away, asked)
    yield from _slow(observation, node, pods)


def _endless(observation: DrainObservation, node: HostSettings) -> Iterator[Obstacle]:
    """Pods that nobody would hear the end of: of a kubelet that does not answer, and such as should have ended."""
    stuck = [str(pod) for pod in observation.overdue_on(node.hostname, _SECONDS_TO_BE_EVICTED)]
    if not _entry(observation, node).ready and (stuck or observation.evicted_from(node.hostname)):
        yield Obstacle(
            node.name,
            "its Node is not Ready, and has pods",
            "a drain would never end there",
            "bring its kubelet back, or name it in removed_nodes",
        )
    elif stuck:
        yield Obstacle(
            node.name,
            f"{some(stuck)} should have ended by now",
            "a drain would wait for that",
            "look for a finalizer or a volume that keeps it",
        )


def _budgets(observation: DrainObservation, node: HostSettings, pods: Sequence[DrainPod]) -> Iterator[Obstacle]:
    covered: dict[Budget, list[str]] = {}
    for pod in pods:
        asked = observation.budgets_of(pod)
        if len(asked) > 1:
            yield Obstacle(
                node.name,
                f"{pod} is covered by PodDisruptionBudgets {some(list(map(str, asked)))}",
                "a pod of two budgets is never evicted",
                "leave it one of them",
            )
        elif asked and asked[0].allowed == 0:
            covered.setdefault(asked[0], []).append(str(pod))
    for budget, names in covered.items():
        yield Obstacle(
            node.name,
            f"PodDisruptionBudget {budget} allows no eviction of {some(names)}",
            "a drain would never end",
            "have its pods Ready, add replicas, or let it allow one",
        )


def _places(
    observation: DrainObservation,
    node: HostSettings,
    pods: Sequence[DrainPod],
    away: Collection[str],
    asked: Mapping[Budget, int],
) -> Iterator[Obstacle]:
    own = _entry(observation, node)
    if any(_takes_pods_of(own, other) for other in observation.nodes if other.name not in away):
        return
    alone = Counter(budget for pod in pods for budget in observation.budgets_of(pod))
    waiting = [str(budget) for budget in alone if asked[budget] > budget.allowed > 0]
    if waiting and all(count <= budget.allowed for budget, count in alone.items()):
        yield Obstacle(
            node.name,
            f"PodDisruptionBudget {some(waiting)} allows fewer than go at once",
            "no other node takes its pods",
            "add a node, or set workers_max_unavailable = 1",
        )
    elif waiting:
        yield Obstacle(
            node.name,
            f"no other node takes its pods, which PodDisruptionBudget {some(waiting)} protects",
            "evicted ones must be Ready elsewhere first",
            "add or uncordon a node",
        )
    else:
        yield Obstacle(
            node.name,
            f"no other node takes its pods, such as {pods[0]}",
            "they are away meanwhile",
            "add or uncordon a node, or accept their outage",
            blocks=False,
        )


def _entry(observation: DrainObservation, node: HostSettings) -> DrainNode:
    return next((entry for entry in observation.nodes if entry.name == node.hostname), DrainNode(node.hostname))


def _takes_pods_of(own: DrainNode, other: DrainNode) -> bool:
    """Whether pods of one node may be placed on the other: they tolerate the taints of where they are."""
    return other.ready and other.schedulable and other.taints <= own.taints


def _slow(observation: DrainObservation, node: HostSettings, pods: Sequence[DrainPod]) -> Iterator[Obstacle]:
    seconds = drain_seconds(observation, node)
    if seconds > SECONDS_FOR_A_DRAIN:
        longest = max(pods, key=lambda pod: pod.grace_seconds)
        yield Obstacle(
            node.name,
            f"its drain may take {seconds} s, with pods such as {longest}",
            f"{longest.grace_seconds} s are its grace period",
            "nothing, or lower its terminationGracePeriodSeconds",
            blocks=False,
        )


def _whole_workloads(observation: DrainObservation, nodes: Sequence[HostSettings]) -> Iterator[Obstacle]:
    """Workloads all of whose pods go at once, which no budget has go one by one; each is told of one node."""
    away, told = {node.hostname for node in nodes}, set()
    for node in nodes:
        pods = {observation.workload_of(pod): pod for pod in observation.evicted_from(node.hostname)}
        whole = []
        for workload, pod in pods.items():
            serving = observation.serving(workload)
            is_kept = len(serving) > 1 and observation.budgets_of(pod)
            if workload not in told and serving and {one.node for one in serving} <= away and not is_kept:
                whole.append(str(workload))
        told |= {*pods}
        if whole:
            yield Obstacle(
                node.name,
                f"all pods of {some(sorted(whole))} go at once",
                "they are away while they move",
                "spread them, give them a budget, or accept the outage",
                blocks=False,
            )
