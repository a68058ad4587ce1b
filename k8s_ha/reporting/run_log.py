"""What is noted about a run while pyinfra works, and the report that it makes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from pyinfra.api import Host
from pyinfra.api.exceptions import PyinfraError

from k8s_ha.cluster_state.node_state import NodeState
from k8s_ha.cluster_state.plan import Plan
from k8s_ha.findings import Finding
from k8s_ha.observations.certificates import Certificate
from k8s_ha.observations.host_status import HostAnswers
from k8s_ha.observations.node import HostSurvey
from k8s_ha.pyinfra_internals import operations
from k8s_ha.pyinfra_internals.command_line import ExitWatcher, is_dry
from k8s_ha.pyinfra_internals.state import (
    State,
    every_host,
    has_connected,
    has_prepared,
    is_executing,
    is_given_up,
    is_in_limit,
    looks_for_changes,
    members,
    sudo_password,
    was_reached,
)
from k8s_ha.redaction import redacted, scrubbed, without_named_secrets
from k8s_ha.reporting.known_errors import explain, lines_that_matter
from k8s_ha.reporting.report import (
    CertificateEntry,
    ChangeEntry,
    ExitState,
    ExplanationEntry,
    FailureEntry,
    FindingEntry,
    HostEntry,
    PhaseEntry,
    RunReport,
    SpanEntry,
    StepEntry,
    VerificationEntry,
)
from k8s_ha.reporting.step_times import StepTimes
from k8s_ha.reporting.stopwatch import Stopwatch
from k8s_ha.reporting.timeline import Timeline
from k8s_ha.settings import Cluster, HostSettings

_PASSWORDS = ("_sudo_password", "ssh_password", "ssh_key_password")


@dataclass(eq=False)
class RunLog:
    """What is noted about one cluster's run: first what deploys and operations tell, then what pyinfra's callbacks do.

    + cluster: None where its settings were refused, or nobody came to read them
    + refusal: why nothing was changed
    + version_reason: why the cluster is of its version; None where the settings name it, or none was chosen yet
    + surveys, states_before, states_after: by inventory name; without those not read
    + plan: what was to become of the nodes, by the first look
    + step_times: how long the plan's steps take
    + answers: what the last check was answered
    + secrets: what must not be shown
    + phases: in the order in which they were prepared
    + prepare_seconds: how long phases took that prepare no operation, so that nobody else can measure them
    + phase_starts: by inventory name, from which of the host's operations on a phase goes, and its whole name
    + last: by inventory name, the hash of the operation that the host began last
    + order: the phases in the order of execution, empty before that; ``begun``: those that have begun
    + path: of the report's file; ``unwritable``: there will be none
    """

    cluster: Cluster | None
    refusal: str | None = None
    version_reason: str | None = None
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    surveys: Mapping[str, HostSurvey] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    states_before: Mapping[str, NodeState] = field(default_factory=dict)
    states_after: Mapping[str, NodeState] = field(default_factory=dict)
    plan: Plan = field(default_factory=lambda: Plan({}))
    step_times: StepTimes = field(default_factory=StepTimes)
    certificates: Sequence[Certificate] = ()
    answers: Sequence[HostAnswers] = ()
    secrets: set[str] = field(default_factory=set)
    phases: list[str] = field(default_factory=list)
    prepare_seconds: dict[str, float] = field(default_factory=dict)
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    timeline: Timeline = field(default_factory=Timeline)
    phase_starts: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    last: dict[str, str] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    begun: set[str] = field(default_factory=set)
    path: Path | None = None
    unwritable: bool = False


class OperationRef(NamedTuple):
    """Where an operation of one host belongs."""

    log: RunLog
    phase: str
    operation: str


OperationRefs = Mapping[tuple[str, str], OperationRef]
"""By inventory name and hash, the operations of this package's phases."""


def title(deploy_name: str) -> str:
    """A phase's own name, without those of the deploys around it."""
    return deploy_name.rpartition(" | ")[2]


def outcome(state: State, log: RunLog, exit_watcher: ExitWatcher) -> tuple[ExitState, str | None]:
    """How a run that is over has ended, and why where that needs a reason."""
    if log.refusal:
        return "refused", log.refusal
    cause = exit_watcher.cause
    reason = None if cause is None else str(cause)
    hosts = _members(state, log)
    reached = [host for host in hosts if was_reached(state, host)]
    failed = [host for host in hosts if _has_failed(state, host) or _is_unreachable(state, host)]
    if is_executing(state):
        stopped = any(not operations.are_done(state, host) for host in reached if host not in failed)
        if stopped and not (failed and cause is not None):
            return "interrupted", reason
        return ("failed", reason) if failed else ("converged", None)
    if not reached:
        return "unreachable", reason
    if exit_watcher.is_regular and is_dry(state):
        return "dry", None
    if isinstance(cause, PyinfraError):
        lost = not has_prepared(state) or any(is_given_up(state, host) for host in reached)
        return "failed" if lost else "refused", reason
    return "interrupted", reason or "it ended before the first change"


def _has_failed(state: State, host: Host) -> bool:
    """Whether a host that was reached has failed."""
    given_up = is_given_up(state, host) and was_reached(state, host)
    return given_up or operations.has_failed_operation(state, host)


def report_of(
    state: State, log: RunLog, operation_refs: OperationRefs, exit_state: ExitState, reason: str | None, ended: bool
) -> RunReport:
    """The report as far as the run has come.

    + ended: whether it will come no further
    """
    cluster, secrets, hosts = log.cluster, secrets_of(state, log), _members(state, log)
    own = {key: operation_ref for key, operation_ref in operation_refs.items() if operation_ref.log is log}
    prepared = log.prepare_seconds
    phases = [*prepared, *(log.order or [phase for phase in log.phases if phase not in prepared])]
    return RunReport(
        package_version=version("k8s-ha"),
        pyinfra_version=version("pyinfra"),
        started=log.started,
        ended=datetime.now(UTC) if ended else None,
        mode="dry" if is_dry(state) else "build",
        exit_state=exit_state,
        reason=None if reason is None else scrubbed(reason, secrets),
        endpoint=cluster.endpoint if cluster else None,
        kubernetes_version=cluster.settings.kubernetes_version if cluster else None,
        version_reason=None if log.version_reason is None else scrubbed(log.version_reason, secrets),
        settings=_settings(cluster, secrets) if cluster else None,
        hosts=tuple(_host(log, entry) for entry in (*cluster.hosts, *cluster.removed)) if cluster else (),
        phases=tuple(
            PhaseEntry(
                name=phase,
                seconds=round(prepared.get(phase) or log.stopwatch.seconds(phase), 2),
                serial_seconds=round(log.stopwatch.serial_seconds(phase), 2),
                begins=_rounded(log.timeline.begins(phase)),
            )
            for phase in phases
        ),
        timeline=tuple(_timeline(log, len(hosts), secrets)),
        steps=tuple(_steps(log)),
        changes=tuple(_changes(state, hosts, phases, own)),
        failures=tuple(_failures(state, hosts, log.last, own, secrets)),
        findings=tuple(FindingEntry(**redacted(asdict(finding), secrets)) for finding in log.findings),
        verification=tuple(VerificationEntry(**redacted(asdict(entry), secrets)) for entry in log.answers),
        warnings=tuple(redacted(cluster.warnings, secrets)) if cluster else (),
        certificates=tuple(
            CertificateEntry(host=entry.host, path=entry.path, expires=entry.expires) for entry in log.certificates
        ),
        failed_hosts=tuple(host.name for host in hosts if _has_failed(state, host)),
        unreachable_hosts=tuple(host.name for host in hosts if _is_unreachable(state, host)),
    )


def _timeline(log: RunLog, hosts: int, secrets: frozenset[str]) -> Iterator[SpanEntry]:
    for span in log.timeline.spans(hosts):
        times = {"begins": round(span.begins, 2), "seconds": round(span.seconds, 2)}
        yield SpanEntry(host=span.host, phase=span.phase, operation=scrubbed(span.operation, secrets), **times)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)


def _steps(log: RunLog) -> Iterator[StepEntry]:
    for place, step in enumerate(log.plan.due):
        seconds = log.step_times.taken.get(place)
        yield StepEntry(
            kind=step.work.value,
            hosts=step.hosts,
            version=step.version,
            sentence=step.sentence,
            interrupts=step.interrupts or None,
            seconds_at_most=step.seconds,
            seconds=None if seconds is None else round(seconds, 1),
        )


def _settings(cluster: Cluster, secrets: frozenset[str]) -> dict[str, object]:
    dumped = cluster.settings.model_dump(mode="json")
    dumped["kubeadm_patches"] = without_named_secrets(dumped["kubeadm_patches"])
    return {key: redacted(value, secrets) for key, value in dumped.items()}


def _host(log: RunLog, entry: HostSettings) -> HostEntry:
    survey = log.surveys.get(entry.name)
    before, after = log.states_before.get(entry.name), log.states_after.get(entry.name)
    return HostEntry(
        name=entry.name,
        hostname=entry.hostname,
        address=entry.address,
        roles=entry.role,
        os=f"{survey.os_id} {survey.os_version}".strip() if survey else None,
        kernel=survey.kernel if survey else None,
        state_before=before.value if before else None,
        plan=log.plan.sentence(entry.name),
        state_after=after.value if after else None,
        seconds=_rounded(log.timeline.seconds(entry.name)),
    )


def _changes(
    state: State, hosts: list[Host], phases: list[str], operation_refs: OperationRefs
) -> Iterator[ChangeEntry]:
    changed: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    by_name = {host.name: host for host in hosts}
    for (name, op_hash), operation_ref in operation_refs.items():
        if _changed(state, by_name[name], op_hash):
            changed[name, operation_ref.phase].append(operation_ref.operation)
    for name in by_name:
        for phase in phases:
            if (name, phase) in changed:
                yield ChangeEntry(host=name, phase=phase, operations=tuple(changed[name, phase]))


def _changed(state: State, host: Host, op_hash: str) -> bool:
    is_known = is_executing(state) or (is_dry(state) and looks_for_changes(state))
    return is_known and operations.has_changed(state, host, op_hash)


def _failures(
    state: State, hosts: list[Host], last: Mapping[str, str], operation_refs: OperationRefs, secrets: frozenset[str]
) -> Iterator[FailureEntry]:
    for host in hosts:
        for op_hash in _failed_operations(state, host, last.get(host.name)):
            operation_ref = operation_refs.get((host.name, op_hash))
            if operation_ref is None:
                continue
            output = operations.output_of(state, host, op_hash)
            yield FailureEntry(
                host=host.name,
                phase=operation_ref.phase,
                operation=operation_ref.operation,
                lines=tuple(redacted(lines_that_matter(output), secrets)),
                explanations=tuple(ExplanationEntry(**redacted(known._asdict(), secrets)) for known in explain(output)),
            )


def _failed_operations(state: State, host: Host, last: str | None) -> list[str]:
    """By hash. Where a fact cannot be read pyinfra fails the host but not the operation: then it is the last one."""
    failed = operations.failed_operations(state, host)
    return failed or ([last] if last and is_given_up(state, host) else [])


def secrets_of(state: State, log: RunLog | None) -> frozenset[str]:
    """What must not be shown: the run's join secrets, and the passwords that the hosts' data or a prompt gave."""
    known = {sudo_password(state)}
    for host in every_host(state):
        known |= {host.data.get(name) for name in _PASSWORDS} | {host.connector_data.get("prompted_sudo_password")}
    if log:
        known |= log.secrets
    return frozenset(secret for secret in known if isinstance(secret, str) and secret)


def _members(state: State, log: RunLog) -> list[Host]:
    """The cluster's hosts, as pyinfra has them; all of the inventory where nobody came to read which they are.

    Also those that are removed, where they were reached: they may be dead.
    """
    if log.cluster is None:
        return [] if log.refusal else every_host(state)
    removed = members(state, [entry.name for entry in log.cluster.removed])
    hosts = members(state, [entry.name for entry in log.cluster.hosts])
    return hosts + [host for host in removed if was_reached(state, host)]


def _is_unreachable(state: State, host: Host) -> bool:
    return has_connected(state) and is_in_limit(state, host) and not was_reached(state, host)
