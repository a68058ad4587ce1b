"""The steps that a standing cluster needs, planned before the first change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pyinfra import host, logger, state
from pyinfra.api import Host

from k8s_ha.catalog.compatibility import LINES, cluster_refusal, runtime_packages
from k8s_ha.cluster_state.change_plan import (
    changes_due,
    is_at,
    is_moving,
    kubelet_minors,
    minors_between,
    silent_control_planes,
    steps_back,
)
from k8s_ha.cluster_state.change_steps import ChangeStep, Work, release_order
from k8s_ha.cluster_state.difference import KINDS
from k8s_ha.cluster_state.renewal_steps import revives
from k8s_ha.cluster_state.set_by_hand import lost_in_upgrade
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.cluster_state.upgrade_path import NoPath
from k8s_ha.deploys.drain_plan import against_drains
from k8s_ha.deploys.renewals import ended_unrenewed, renewals_due, renewals_planned, renewals_wait
from k8s_ha.deploys.runtime_plan import runtime_due, runtime_planned, runtime_waits
from k8s_ha.deploys.setting_plan import settings_planned
from k8s_ha.desired.yum import DOCKER_REPOSITORY, KUBERNETES_REPOSITORY, is_older, matches
from k8s_ha.facts.available_versions import AvailableVersionsFact
from k8s_ha.facts.images import ImagesFact
from k8s_ha.facts.upgrade import UpgradeSurvey
from k8s_ha.findings import Finding
from k8s_ha.local_files import local_folder
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.observations.available_versions import AvailableVersions
from k8s_ha.operations.commands import everywhere, read_of_hosts, read_with_logins
from k8s_ha.preflight_checks.download_sources import own_repositories, places_of
from k8s_ha.preflight_checks.package_versions import newer_than_the_first_hop
from k8s_ha.preflight_checks.standing import silent, told
from k8s_ha.preflight_checks.unlisted import unlisted_in_an_upgrade
from k8s_ha.preflight_checks.upgrade import missing_images, unproven, upgrade_findings
from k8s_ha.pyinfra_internals.state import working_folder
from k8s_ha.reporting.console import log_steps
from k8s_ha.reporting.step_times import of_last_change
from k8s_ha.run import Run
from k8s_ha.settings import HostSettings


def changes_planned(run: Run, snapshot: ClusterSnapshot) -> list[Finding]:
    """Why the cluster cannot come to the wanted version or settings; where it can, the run's plan has the steps."""
    # A node that only waits to be taken back may have been cordoned for its runtime.
    runtime = runtime_due(run, snapshot)
    renewal = renewals_due(run, snapshot)
    moving = is_moving(snapshot) and not (runtime and steps_back(snapshot))
    ended = ended_unrenewed(run, snapshot, renewal)
    if revives(renewal) and not moving:
        # What has ended comes first: all else is planned by what serves, in the next run.
        return [*ended, *renewals_planned(run, snapshot, renewal)]
    found = [
        *ended,
        *settings_planned(run, snapshot, is_moving=moving, runtime=runtime),
    ]
    if moving:
        return [*found, *_upgrade_planned(run, snapshot), *runtime_waits(run), *renewals_wait(run, snapshot)]
    return [*found, *runtime_planned(run, snapshot, runtime), *renewals_planned(run, snapshot, renewal)]


def _upgrade_planned(run: Run, snapshot: ClusterSnapshot) -> list[Finding]:
    if back := steps_back(snapshot):
        run.log.plan = replace(run.log.plan, changes_due=back)
        return [silent(name, "version") for name in silent_control_planes(snapshot, back)]
    try:
        minors = minors_between(snapshot)
        available = _available(run, minors)
        if unread := [*_unread(available, minors)]:
            return unread
        shared = {
            minor: set.intersection(*(set(found.known.get(minor, ())) for found in available.values()))
            for minor in minors
        }
        etcd = {
            entry.name: view.etcd_version if (view := snapshot.views.get(entry.name)) else ""
            for entry in run.cluster.control_planes
        }
        cgroups = {run.surveys[entry.name].platform.cgroup for entry in run.cluster.nodes if entry.name in run.surveys}
        steps = changes_due(snapshot, shared if available else None, etcd, on_cgroup_v1=1 in cgroups)
    except NoPath as error:
        return [Finding(THE_CLUSTER, "version", error.found, error.rule, error.remedy)]
    run.log.plan = replace(run.log.plan, changes_due=steps)
    found = [silent(name, "version") for name in silent_control_planes(snapshot, steps)]
    found += unlisted_in_an_upgrade(snapshot, minors[-1])
    found += _runtime_lacking(run, available, minors)
    found += _runtime_ahead(run, minors)
    found += newer_than_the_first_hop(run.surveys, steps, run.cluster.settings.version)
    # A chain drains the same nodes at each hop, and none whose kubelet is there already.
    wanted = run.cluster.settings.version
    drained = {entry.name: entry for entry in run.cluster.nodes if not is_at(snapshot, entry, wanted)}
    batches = dict.fromkeys(step.hosts for step in steps if step.work is Work.KUBELET)
    found += against_drains(run, snapshot, [[drained[name] for name in batch if name in drained] for batch in batches])
    versions = sorted({step.version for step in steps}, key=release_order)
    found += _against_upgrade(run, snapshot, etcd, minors, len(versions))
    found += _images_missing(run, snapshot, versions)
    found += _set_by_hand(run, snapshot, steps)
    return [*found, *unproven(run.cluster, versions), *_not_carried(run, versions)]


def _set_by_hand(run: Run, snapshot: ClusterSnapshot, steps: Sequence[ChangeStep]) -> list[Finding]:
    """What stands on a node alone; a configuration that cannot be read has ended the run by itself."""
    try:
        return told(lost_in_upgrade(snapshot, steps, run.caveats_anywhere))
    except ValueError:
        return []


def _images_missing(run: Run, snapshot: ClusterSnapshot, versions: Sequence[str]) -> list[Finding]:
    """Images of the versions that no registry has; the rest of a version's kubeadm itself names."""
    leader = snapshot.leader
    if leader is None:
        return []
    clusters = [run.at(version).cluster for version in versions]
    images = dict.fromkeys(image for cluster in clusters for image in cluster.versioned_images(leads=True))
    places = {image: places_of(run.cluster, image) for image in images}
    arguments = {"places": places, "runtime": run.cluster.settings.container_runtime}
    target = host.inventory.get_host(leader.name)
    return [*missing_images(leader.name, read_with_logins(target, ImagesFact, run.logins, arguments))]


def show_steps(run: Run) -> None:
    """Show the steps that are due, each with how long it takes, by the last change that a report tells of."""
    steps = run.log.plan.due
    if steps:
        folder = local_folder(working_folder(state), run.cluster.settings.report_dir)
        run.log.step_times.earlier = of_last_change(folder)
        logger.info(f"Plan: {len(steps)} step{'s' * (len(steps) > 1)}, one after the other:")
        log_steps(steps, run.log.step_times.earlier)


def _available(run: Run, minors: range) -> dict[str, AvailableVersions]:
    """What each node can get, by inventory name; without those that could not be asked."""
    asked: dict[Host, dict[str, Any]] = {
        host.inventory.get_host(entry.name): {
            "repositories": _repositories(run, entry, minors),
            "runtime": _runtime_repository(run, entry) if _runtimes_due(run, entry, minors) else "",
        }
        for entry in run.cluster.nodes
        if entry.name in run.surveys
    }
    read = everywhere(lambda member: read_with_logins(member, AvailableVersionsFact, run.logins, asked[member]), asked)
    return {name: found or AvailableVersions({}, dict.fromkeys(minors, "no answer")) for name, found in read.items()}


def _repositories(run: Run, entry: HostSettings, minors: range) -> dict[int, str]:
    found = {}
    for minor in minors:
        cluster = run.at(f"1.{minor}.{LINES[minor].patch}").cluster
        for repository in own_repositories(cluster, entry, run.surveys[entry.name]):
            if repository.id == KUBERNETES_REPOSITORY:
                found[minor] = repository.baseurl
    return found


def _runtime_repository(run: Run, entry: HostSettings) -> str:
    """Base URL of the repository that has the runtime; empty where the host gets it from a place of its user's."""
    repositories = own_repositories(run.cluster, entry, run.surveys[entry.name])
    return next((one.baseurl for one in repositories if one.id == DOCKER_REPOSITORY and one.enabled), "")


def _runtimes_due(run: Run, entry: HostSettings, minors: range) -> dict[int, dict[str, str]]:
    """What of the runtime each minor on the way replaces on a node: version patterns by package."""
    survey, runtime, found = run.surveys[entry.name], run.cluster.settings.container_runtime, {}
    for minor in minors[1:] or minors:
        wanted = runtime_packages(minor, survey.major, runtime)
        due = {name: pattern for name, pattern in wanted.items() if not matches(survey.installed.get(name), pattern)}
        if due:
            found[minor] = due
    return found


def _runtime_ahead(run: Run, minors: range) -> Iterator[Finding]:
    """Nodes whose runtime is newer than what a hop runs with: no package is taken back."""
    for entry in run.cluster.nodes:
        if entry.name not in run.surveys:
            continue
        installed = run.surveys[entry.name].installed
        for minor, due in _runtimes_due(run, entry, minors).items():
            ahead = [
                name for name, pattern in due.items() if name in installed and not is_older(installed[name], pattern)
            ]
            if ahead:
                yield Finding(
                    entry.name,
                    "upgrade",
                    f"has {', '.join(f'{name} {installed[name]}' for name in ahead)} installed",
                    f"Kubernetes {LINES[minor].name} runs with {' and '.join(f'{name} {due[name]}' for name in ahead)}",
                    "bring it back by hand (`yum downgrade`)",
                )
                break


def _runtime_lacking(run: Run, available: Mapping[str, AvailableVersions], minors: range) -> Iterator[Finding]:
    """Nodes that cannot get the runtime of a later hop, told before the first one."""
    for name, found in available.items():
        entry = run.cluster.host(name)
        due = _runtimes_due(run, entry, minors)
        if not due or not _runtime_repository(run, entry):
            continue
        if found.runtime is None:
            yield Finding(
                name,
                "upgrade",
                f"cannot read which container runtime its repository has ({found.runtime_unread})",
                f"an upgrade to {LINES[min(due)].name} gets another one there",
                "fix the way there, or choose another mirror",
            )
            continue
        for minor, packages in due.items():
            lacking = [
                f"{package} {pattern}"
                for package, pattern in packages.items()
                if not any(matches(version, pattern) for version in found.runtime.get(package, ()))
            ]
            if lacking:
                yield Finding(
                    name,
                    "upgrade",
                    f"its repository has no {' and no '.join(lacking)}",
                    f"Kubernetes {LINES[minor].name} runs with that",
                    "choose another mirror, or wait until it has them",
                )
                break


def _unread(available: Mapping[str, AvailableVersions], minors: range) -> Iterator[Finding]:
    for name, found in available.items():
        for minor in minors[1:] or minors:
            if minor in found.unread:
                yield Finding(
                    name,
                    "version",
                    f"cannot read which {LINES[minor].name} its repository has ({found.unread[minor]})",
                    "an upgrade gets its packages there",
                    "fix the way there, or choose another mirror",
                )


def _against_upgrade(
    run: Run, snapshot: ClusterSnapshot, etcd: Mapping[str, str], minors: range, hops: int
) -> list[Finding]:
    """What an upgrade would end half way by; a control plane that the first step mends need not tell."""
    read = read_of_hosts(UpgradeSurvey, run.cluster.nodes)
    answers = {name: facts for name, facts in read.items() if facts is not None}
    found = upgrade_findings(
        run.cluster, answers, _kept(snapshot), etcd, minors[0], minors[-1], hops, kubelet_minors(snapshot)
    )
    views = {entry.name: snapshot.views.get(entry.name) for entry in run.cluster.control_planes}
    mended = {name for name, view in views.items() if view is not None and view.is_silent}
    return [finding for finding in found if finding.host not in mended]


def _kept(snapshot: ClusterSnapshot) -> dict[str, Mapping[str, Any]]:
    """The configurations that the cluster keeps; one that cannot be read has ended the run by itself."""
    found = {}
    for kind in KINDS:
        try:
            found[kind] = (snapshot.leader_view.standing.document(kind) if snapshot.leader_view else None) or {}
        except ValueError:
            continue
    return found


def _not_carried(run: Run, versions: list[str]) -> Iterator[Finding]:
    """What hosts do not carry, or not without an accepted risk; of the last version the survey has told."""
    nodes = [entry.name for entry in run.cluster.nodes if entry.name in run.surveys]
    platforms = {name: run.surveys[name].platform for name in nodes}
    for version in versions[:-1]:
        refusal = cluster_refusal(version, release_order(version)[1], platforms, run.cluster.settings.accepted_risks)
        if refusal:
            found = ", ".join(f"{name} ({platform})" for name, platform in refusal.platforms.items())
            yield Finding(
                THE_CLUSTER,
                "upgrade",
                f"the way to {versions[-1]} leads through {version}, which does not run on {found}",
                refusal.reason,
                refusal.remedy,
            )
