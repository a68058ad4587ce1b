"""Whether the cluster works, asked until it does or its time is over."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import gevent
from pyinfra import host, logger
from pyinfra.api import Host, StringCommand

from k8s_ha.facts.cluster import ApiStatusFact
from k8s_ha.facts.host_status import HostStatusFact
from k8s_ha.findings import Finding, errors
from k8s_ha.local_backups import newest_copy
from k8s_ha.local_files import local_folder
from k8s_ha.observations.api_status import SILENCE, THE_CLUSTER, ApiStatus, api_status_findings
from k8s_ha.observations.host_status import HostStatus, asked
from k8s_ha.operations.commands import SECONDS_BETWEEN_POLLS, fail_host, read_everywhere, read_fact
from k8s_ha.operations.isolated import isolated_operation
from k8s_ha.operations.kubeconfig import local_path
from k8s_ha.pyinfra_internals.state import given_up, working_folder
from k8s_ha.reporting.console import log_findings
from k8s_ha.run import Run, is_executing
from k8s_ha.settings import HostSettings
from k8s_ha.verification.answers import host_answers
from k8s_ha.verification.backup import CHECK as BACKUP
from k8s_ha.verification.backup import copy_findings, last_backup
from k8s_ha.verification.hosts import host_certificates, node_states, status_findings
from k8s_ha.verification.summary import summary
from k8s_ha.verification.versions import CHECK, version_findings


@isolated_operation
def cluster_verified(run: Run) -> Generator[StringCommand]:
    """Have the cluster work as seen from every host of it, within ``verify_timeout_seconds``; changes nothing.

    One host checks for all of them. What it finds, or that all is well, goes through pyinfra's log, so that stdout
    stays free for ``--json``.
    """
    if not is_executing():
        return
    if host.name != verifier(run):
        host.noop(f"{verifier(run)} checks")
        return
    allowed = run.cluster.settings.verify_timeout_seconds
    verification = _verified_in_time(run, time.monotonic() + allowed)
    statuses = verification.statuses
    run.log.findings += verification.findings
    run.log.certificates = host_certificates(statuses)
    run.log.answers = host_answers(statuses, verification.api_status, verification.findings, run.cluster)
    run.log.states_after = node_states(statuses, verification.api_status, run.cluster)
    wrong = errors(verification.findings)
    log_findings(verification.findings)
    if wrong:
        late = f" after {allowed} seconds" if verification.late else ""
        yield fail_host(f"The cluster does not work as it should{late}: {one_line(wrong)}.")
        return
    for line in summary(verification.api_status, statuses, run.cluster, str(local_path(run))):
        logger.info(line)


@dataclass
class Verifier:
    """The host that checks the cluster for all of them, and that fails where something is wrong; empty before that."""

    name: str = ""


def verifier(run: Run) -> str:
    """Inventory name of the host that checks for all: the first that still takes part, control planes before others."""
    # Kept, so that hosts which come later, under --serial, do not check again where this one failed.
    chosen_before = run.part(Verifier)
    if chosen_before.name:
        return chosen_before.name
    active = {member.name for member in host.state.inventory.get_active_hosts()}
    lost = given_up(host.state)
    chosen = next(entry.name for entry in run.cluster.hosts if entry.name in active - lost)
    if is_executing():
        chosen_before.name = chosen
    return chosen


def one_line(wrong: Sequence[Finding]) -> str:
    """The findings in one sentence."""
    return "; ".join(f"{finding.host}: {finding.found}" for finding in wrong)


@dataclass(frozen=True)
class Verification:
    late: bool
    api_status: ApiStatus
    statuses: Mapping[str, HostStatus]
    findings: list[Finding]


def verified_now(run: Run) -> Verification:
    """What a check finds of the cluster as it is, without waiting for anything."""
    _, api_status = answering(run)
    return _of_hosts(run, api_status, _of_api(run, api_status), late=False)


def _verified_in_time(run: Run, deadline: float) -> Verification:
    """The first check that finds no error that could still pass, or the first after the deadline."""
    while True:
        last = time.monotonic() > deadline
        _, api_status = answering(run)
        findings = _of_api(run, api_status)
        # Hosts are asked when the API has nothing more to wait for, or when there is no more time.
        if last or not _may_pass(findings):
            verification = _of_hosts(run, api_status, findings, late=last)
            if last or not _may_pass(verification.findings):
                return verification
        gevent.sleep(SECONDS_BETWEEN_POLLS)


def _of_api(run: Run, api_status: ApiStatus) -> list[Finding]:
    return [*api_status_findings(api_status, run.cluster), *version_findings(api_status, run.cluster)]


def _of_hosts(run: Run, api_status: ApiStatus, findings: list[Finding], late: bool) -> Verification:
    read = _host_statuses(run, api_status)
    statuses = {name: status for name, status in read.items() if status}
    now = datetime.now(UTC)
    found = [*findings, *status_findings(read, api_status, run.cluster, now), *_copy_findings(run, statuses, now)]
    return Verification(late, api_status, statuses, found)


def _copy_findings(run: Run, statuses: Mapping[str, HostStatus], now: datetime) -> list[Finding]:
    """What is to be said of this machine's own copies of backups."""
    settings, last = run.cluster.settings.backup, last_backup(statuses, run.cluster, now)
    if settings is None or last is None:
        return []
    folder = local_folder(working_folder(host.state), settings.local_dir)
    try:
        copied = newest_copy(folder, last.authority, now)
    except OSError as error:
        remedy = "have it readable, or set backup.local_dir"
        return [Finding(THE_CLUSTER, BACKUP, f"its copies could not be read: {error}", "this machine's own", remedy)]
    return list(copy_findings(copied, statuses, run.cluster, now))


def _may_pass(findings: Sequence[Finding]) -> list[Finding]:
    """The errors that may go away by themselves: on a host that failed in this run nothing more will be done.

    Nor does a version change any more, and a backup comes by its schedule.
    """
    lost = given_up(host.state)
    stays = (CHECK, BACKUP)
    return [finding for finding in errors(findings) if finding.host not in lost and finding.check not in stays]


def answering(run: Run) -> tuple[HostSettings | None, ApiStatus]:
    """The first control plane whose own API server is ready, and what it says; None and silence where none is."""
    for control_plane in run.cluster.control_planes:
        where = {"address": control_plane.address, "endpoint": run.cluster.endpoint}
        api_status: ApiStatus | None = read_fact(member(control_plane), ApiStatusFact, **where)
        if api_status is not None and api_status.answers:
            return control_plane, api_status
    return None, SILENCE


def member(entry: HostSettings) -> Host:
    """pyinfra's host of the inventory."""
    found: Host = host.inventory.get_host(entry.name)
    return found


def _host_statuses(run: Run, api_status: ApiStatus) -> dict[str, HostStatus | None]:
    takes_part = [entry for entry in run.cluster.hosts if entry.role != ("admin",)]
    return read_everywhere(
        HostStatusFact, {member(entry): asked(run.cluster, entry, api_status) for entry in takes_part}
    )
