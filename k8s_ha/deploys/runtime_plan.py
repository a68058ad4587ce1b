"""The steps by which nodes of a standing cluster get another container runtime, planned before the first change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from k8s_ha.catalog.setting_changes import RUNTIME_FIRST, moves_runtime
from k8s_ha.cluster_state.change_plan import silent_control_planes
from k8s_ha.cluster_state.change_steps import ChangeStep, Work
from k8s_ha.cluster_state.difference import Difference
from k8s_ha.cluster_state.runtime_steps import runtime_steps
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.deploys.drain_plan import against_drains
from k8s_ha.findings import Finding
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.preflight_checks.standing import silent, told
from k8s_ha.run import Run

LEAST_CONTROL_PLANES: Final = 3
"""While one of them has no API server and no etcd member, a run that was cut off goes on by the others."""


def runtime_due(run: Run, snapshot: ClusterSnapshot) -> tuple[ChangeStep, ...]:
    """The steps by which nodes get another runtime; none where no API server answers that they are planned by."""
    return runtime_steps(snapshot, _standing(run)) if snapshot.leader else ()


def runtime_planned(run: Run, snapshot: ClusterSnapshot, steps: Sequence[ChangeStep]) -> list[Finding]:
    """Why no node gets another runtime; where they do, the run's plan has the steps, before all others.

    + steps: as ``runtime_due`` gives them
    """
    if not steps:
        return []
    batches = [[run.cluster.host(name) for name in step.hosts] for step in steps if step.work is Work.RUNTIME]
    count = len(run.cluster.control_planes)
    if count < LEAST_CONTROL_PLANES and any("control_plane" in entry.role for batch in batches for entry in batch):
        return [
            Finding(
                THE_CLUSTER,
                "runtime",
                f"has {count} control plane{'s' * (count > 1)}, and one has no API server while its runtime is moved",
                "a run that is cut off there goes on by the other two",
                "set container_runtime back, and add control planes until there are three",
            )
        ]
    run.log.plan = replace(run.log.plan, changes_due=(*steps, *run.log.plan.changes_due))
    found = [silent(name, "runtime") for name in silent_control_planes(snapshot, steps)]
    return [*found, *against_drains(run, snapshot, batches)]


def runtime_waits(run: Run) -> list[Finding]:
    """Nodes that are to get another runtime, while an upgrade is due."""
    return told([*_differences(_standing(run), run.cluster.cri)])


def _standing(run: Run) -> dict[str, str | None]:
    return {entry.name: run.surveys[entry.name].cri for entry in run.cluster.nodes if entry.name in run.surveys}


def _differences(standing: Mapping[str, str | None], wanted: str) -> Iterator[Difference]:
    for name, cri in standing.items():
        if cri is not None and moves_runtime(cri, wanted):
            yield Difference(name, "container_runtime", repr("docker"), repr("containerd"), RUNTIME_FIRST)
