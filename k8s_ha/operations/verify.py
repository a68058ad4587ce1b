"""Looking whether the cluster works, until it does or its time is over."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import gevent
from pyinfra import host, logger
from pyinfra.api import Host, StringCommand

from k8s_ha.facts.cluster import ClusterHealth
from k8s_ha.facts.proof import Proof
from k8s_ha.findings import Finding, errors
from k8s_ha.observations.api_status import SILENCE, Health, health_findings
from k8s_ha.observations.host_status import HostProof, asked
from k8s_ha.operations.commands import SECONDS_BETWEEN_POLLS, fail_host, read_everywhere, read_fact
from k8s_ha.operations.isolated import isolated_operation
from k8s_ha.operations.kubeconfig import local_path
from k8s_ha.reporting.console import show
from k8s_ha.run import Run, is_executing
from k8s_ha.settings import HostSettings
from k8s_ha.verification.hosts import certificates, proof_findings, states
from k8s_ha.verification.summary import summary


@isolated_operation
def cluster_verified(run: Run) -> Generator[StringCommand]:
    """Have the cluster proven to work from every host of it, within ``verify_timeout_seconds``; changes nothing.

    One host looks for all of them. What it finds, or that all is well, goes through pyinfra's log, so that stdout stays
    free for ``--json``.
    """
    if not is_executing():
        return
    if host.name != verifier(run):
        host.noop(f"{verifier(run)} looks")
        return
    allowed = run.cluster.settings.verify_timeout_seconds
    look = _look_in_time(run, time.monotonic() + allowed)
    proofs = look.proofs
    run.log.findings += look.findings
    run.log.certificates = certificates(proofs)
    run.log.states_after = states(proofs, look.health, run.cluster)
    wrong = errors(look.findings)
    show(look.findings)
    if wrong:
        late = f" after {allowed} seconds" if look.late else ""
        yield fail_host(f"The cluster does not work as it should{late}: {told(wrong)}.")
        return
    for line in summary(look.health, proofs, run.cluster, str(local_path(run))):
        logger.info(line)


def verifier(run: Run) -> str:
    """Inventory name of the host that looks for all: the first that still takes part, control planes before others."""
    # Kept, so that hosts which come later, one after the other under --serial, do not look again where this one failed.
    if run.verifier is not None:
        return run.verifier
    active = {member.name for member in host.state.inventory.get_active_hosts()}
    lost = {member.name for member in host.state.failed_hosts}
    chosen = next(entry.name for entry in run.cluster.hosts if entry.name in active - lost)
    if is_executing():
        run.verifier = chosen
    return chosen


def told(wrong: Sequence[Finding]) -> str:
    """The findings in one sentence."""
    return "; ".join(f"{finding.host}: {finding.found}" for finding in wrong)


@dataclass(frozen=True)
class _Look:
    late: bool
    health: Health
    proofs: Mapping[str, HostProof]
    findings: list[Finding]


def _look_in_time(run: Run, deadline: float) -> _Look:
    """The first look that finds no error that could still pass, or the first after the deadline."""
    while True:
        last = time.monotonic() > deadline
        _, health = answering(run)
        findings = list(health_findings(health, run.cluster))
        # Hosts are asked when the API has nothing more to wait for, or when there is no more time.
        if last or not _may_pass(findings):
            read = _proofs(run, health)
            findings += proof_findings(read, health, run.cluster, datetime.now(UTC))
            if last or not _may_pass(findings):
                return _Look(last, health, {name: proof for name, proof in read.items() if proof}, findings)
        gevent.sleep(SECONDS_BETWEEN_POLLS)


def _may_pass(findings: Sequence[Finding]) -> list[Finding]:
    """The errors that may go away by themselves: on a host that failed in this run nothing more will be done."""
    lost = {member.name for member in host.state.failed_hosts}
    return [finding for finding in errors(findings) if finding.host not in lost]


def answering(run: Run) -> tuple[HostSettings | None, Health]:
    """The first control plane whose own API server is ready, and what it says; None and silence where none is."""
    for control_plane in run.cluster.control_planes:
        where = {"address": control_plane.address, "endpoint": run.cluster.endpoint}
        health: Health | None = read_fact(member(control_plane), ClusterHealth, **where)
        if health is not None and health.answers:
            return control_plane, health
    return None, SILENCE


def member(entry: HostSettings) -> Host:
    """pyinfra's host of the inventory."""
    found: Host = host.inventory.get_host(entry.name)
    return found


def _proofs(run: Run, health: Health) -> dict[str, HostProof | None]:
    takes_part = [entry for entry in run.cluster.hosts if entry.role != ("admin",)]
    return read_everywhere(Proof, {member(entry): asked(run.cluster, entry, health) for entry in takes_part})
