"""The steps that a standing cluster needs for other settings, planned before the first change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pyinfra import host

from k8s_ha.catalog.setting_changes import UPGRADE_FIRST, Effect
from k8s_ha.cluster_state.change_plan import silent_control_planes
from k8s_ha.cluster_state.change_steps import ChangeStep, Work
from k8s_ha.cluster_state.difference import Difference
from k8s_ha.cluster_state.node_difference import differences
from k8s_ha.cluster_state.set_by_hand import overwritten
from k8s_ha.cluster_state.setting_steps import setting_steps, steps_without_leader
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.facts.addons import AddonManagers
from k8s_ha.findings import Finding
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.operations.commands import read_fact
from k8s_ha.operations.endpoint_move import endpoint_proofs
from k8s_ha.preflight_checks.endpoint_move import held_addresses, left_alone, not_together, other_proxy, unproven
from k8s_ha.preflight_checks.standing import silent, told
from k8s_ha.run import Run


def settings_planned(
    run: Run, snapshot: ClusterSnapshot, is_moving: bool, runtime: Sequence[ChangeStep]
) -> list[Finding]:
    """Why settings that differ are not carried out; where they are, the run's plan has the steps.

    What can never be carried out, or cannot be read, the check of the standing cluster tells.

    + is_moving: whether an upgrade is due
    + runtime: steps by which nodes get another runtime
    """
    leader = snapshot.leader
    if leader is None:
        run.log.plan = replace(run.log.plan, changes_due=steps_without_leader(snapshot))
        return []
    caveats = run.caveats_anywhere
    waits = [*not_together(snapshot, is_moving, run.log.plan.removals_due, runtime), *_of_addresses(run, snapshot)]
    try:
        found = differences(snapshot, caveats)
        if is_moving:
            return [*waits, *told(list(_upgrade_first(found)))]
        if any(entry.is_refused for entry in found):
            return waits
        steps = setting_steps(snapshot, found, leader.name, caveats)
        by_hand = overwritten(snapshot, steps, caveats)
    except ValueError:
        return waits
    run.log.plan = replace(run.log.plan, changes_due=steps)
    refused = [silent(name, "settings") for name in silent_control_planes(snapshot, steps)]
    refused += [*waits, *_of_endpoint(run, snapshot), *told(by_hand)]
    return [*refused, *_of_addons(leader.name, leader.address, steps)]


def _of_addresses(run: Run, snapshot: ClusterSnapshot) -> Iterator[Finding]:
    yield from held_addresses(snapshot, {name: survey.addresses for name, survey in run.surveys.items()})


def _of_endpoint(run: Run, snapshot: ClusterSnapshot) -> Iterator[Finding]:
    """What is said of an endpoint that moves; what this run does not build can be asked before its first change."""
    yield from left_alone(snapshot)
    yield from other_proxy(snapshot)
    if snapshot.former_endpoints and run.cluster.is_external:
        yield from unproven(run.cluster, endpoint_proofs(run))


def _upgrade_first(found: Sequence[Difference]) -> Iterator[Difference]:
    """What the cluster as a whole lacks; what one host lacks of that, an upgrade generates anew."""
    for entry in found:
        if entry.change.effect is Effect.ROLLED_OUT and entry.host is None:
            yield replace(entry, change=UPGRADE_FIRST)


def _of_addons(name: str, address: str, steps: Sequence[ChangeStep]) -> Iterator[Finding]:
    """Objects of add-ons that somebody else than kubeadm has changed, where a step would overwrite that."""
    if not any(step.work is Work.ADDONS for step in steps):
        return
    managers = read_fact(host.inventory.get_host(name), AddonManagers, address=address)
    if managers is None:
        yield Finding(
            THE_CLUSTER,
            "settings",
            "who changed the objects of CoreDNS and kube-proxy could not be read",
            "kubeadm would overwrite them",
            f"see `kubectl -n kube-system get deployments,daemonsets` on {name}",
        )
    for entry, others in (managers or {}).items():
        if others:
            yield Finding(
                THE_CLUSTER,
                "settings",
                f"{entry} in kube-system was changed by {', '.join(others)}",
                "new images come with kubeadm's own object, which overwrites that",
                "change its images by hand too, then set image_repository; or take that change back",
            )
