"""Follows a pyinfra run: tells the person who waits how far it is, and writes the reports of its clusters."""

from __future__ import annotations

import atexit
import json
from pathlib import Path

from pyinfra import logger
from pyinfra.api import Host

from k8s_ha.local_files import claim, is_seen_by_git, local_folder, write_private
from k8s_ha.pyinfra_internals import operations
from k8s_ha.pyinfra_internals.callbacks import follow
from k8s_ha.pyinfra_internals.command_line import ExitWatcher, runs_a_deploy, stdout_kept_for_json, wants_json
from k8s_ha.pyinfra_internals.deploys import current_deploy
from k8s_ha.pyinfra_internals.state import State, is_connecting, working_folder
from k8s_ha.pyinfra_internals.terminal import kept_readable
from k8s_ha.redaction import scrubbed
from k8s_ha.reporting.known_errors import explain
from k8s_ha.reporting.page.file import write_page
from k8s_ha.reporting.report import ExitState, RunReport
from k8s_ha.reporting.run_log import OperationRef, RunLog, outcome, report_of, secrets_of, title
from k8s_ha.reporting.short_form import short_form
from k8s_ha.settings import Cluster, ClusterSettings

_trackers: dict[State, RunTracker] = {}


def tracker(state: State) -> RunTracker:
    """The one that follows this state."""
    found = _trackers.get(state)
    if found is None:
        found = _trackers[state] = RunTracker(state)
        logger.addFilter(found.exit_watcher)
        kept_readable()
        stdout_kept_for_json()
        atexit.register(found.finish)
    follow(state, found)
    return found


def no_host_answered(state: State) -> None:
    """Report a run that ended before its deploy code was read; one that was expected reports itself."""
    if state not in _trackers:
        unread = RunTracker(state)
        unread.expect(None)
        unread.finish()


class RunTracker:
    """Notes what the runs of one state do, writes their reports while they go on, and the last time at exit."""

    def __init__(self, state: State) -> None:
        self.exit_watcher = ExitWatcher()
        self._state = state
        self._logs: list[RunLog] = []
        self._expected: list[RunLog] = []
        self._operation_refs: dict[tuple[str, str], OperationRef] = {}
        self._phases: dict[str, dict[tuple[RunLog, str], None]] = {}
        """By an operation's hash, the phases that it is of, each once and in order."""

        self._executing = False
        self._failed: list[tuple[Host, str]] = []

    def add(self, log: RunLog) -> None:
        """Follow a run that deploy code has begun."""
        self._logs.append(log)

    def expect(self, cluster: Cluster | None) -> None:
        """A run whose settings were checked before connecting; deploy code may never come to begin it.

        + cluster: None where nobody has read the settings
        """
        if all(entry.cluster != cluster for entry in self._expected):
            self._expected.append(RunLog(cluster))

    def settings_refused(self, reason: str) -> None:
        """A run whose settings were refused."""
        if all(entry.refusal != reason for entry in self._expected):
            self._expected.append(RunLog(None, refusal=reason))

    def phase_started(self, log: RunLog, host: Host) -> None:
        """The operations that ``host`` calls from now on are of the phase that calls this."""
        name = current_deploy(host)
        if name is None:
            return
        log.phase_starts.setdefault(host.name, []).append((len(operations.hashes_added(host)), name))
        if title(name) not in log.phases:
            log.phases.append(title(name))

    def operation_started(self, op_hash: str) -> None:
        """All hosts begin an operation; not called with ``--serial`` and ``--no-wait``."""
        self._begin()
        for log, phase in self._phases.get(op_hash, ()):
            if phase not in log.begun:
                position = f"{log.order.index(phase) + 1} of {len(log.order)}"
                whose = f" ({log.cluster.endpoint})" if log.cluster and len(self._logs) > 1 else ""
                logger.info(f"--> Phase {position}: {phase}{whose}")
                self._enter(log, phase)

    def host_started(self, host: Host, op_hash: str) -> None:
        """A host begins an operation, which it may not have."""
        self._begin()
        operation_ref = self._operation_refs.get((host.name, op_hash))
        if operation_ref and operations.has_operation(self._state, host, op_hash):
            self._enter(operation_ref.log, operation_ref.phase)
            operation_ref.log.last[host.name] = op_hash
            operation_ref.log.stopwatch.start(host.name, operation_ref.phase)
            operation_ref.log.timeline.start(host.name, operation_ref.phase, operation_ref.operation)

    def host_stopped(self, host: Host, op_hash: str) -> None:
        """A host is done with an operation."""
        operation_ref = self._operation_refs.get((host.name, op_hash))
        if operation_ref:
            operation_ref.log.stopwatch.stop(host.name)
            operation_ref.log.timeline.stop(host.name)

    def host_failed(self, host: Host, op_hash: str) -> None:
        """A host has failed; pyinfra hands its output over only after this."""
        self.host_stopped(host, op_hash)
        self._failed.append((host, op_hash))

    def operation_ended(self) -> None:
        """Say what is known about the errors of hosts that failed since the last time."""
        failed, self._failed = self._failed, []
        for host, op_hash in failed:
            operation_ref = self._operation_refs.get((host.name, op_hash))
            secrets = secrets_of(self._state, operation_ref.log if operation_ref else None)
            for known in explain(operations.output_of(self._state, host, op_hash)) if operation_ref else ():
                logger.error(scrubbed(f"{host.name}: known: {known.cause}; {known.remedy}.", secrets))

    def finish(self) -> None:
        """At the end of the process: every report for the last time, and its short form."""
        if not self._executing and not runs_a_deploy():
            return
        # Where no host remains, no operation has ended.
        self.operation_ended()
        unbegun = is_connecting(self._state)
        logs = self._logs or [entry for entry in self._expected if unbegun or entry.cluster is None]
        self._find_operations()
        reports = []
        for log in logs:
            state, reason = outcome(self._state, log, self.exit_watcher)
            reports.append(self._write(log, state, reason, ended=True).model_dump(mode="json"))
        if wants_json() and not self.exit_watcher.has_printed:
            # pyinfra's own document has these two keys, and comes at a regular end only.
            print(json.dumps({"plan": None, "results": None, "reports": reports}, indent=4), flush=True)

    def _begin(self) -> None:
        """At the first operation of all: which is whose, and in which order they come."""
        if self._executing:
            return
        self._executing = True
        self._find_operations()
        for op_hash in operations.hashes_in_order(self._state):
            for log, phase in self._phases.get(op_hash, ()):
                if phase not in log.order:
                    log.order.append(phase)

    def _find_operations(self) -> None:
        if self._operation_refs:
            return
        for log in self._logs:
            for name, phase_starts in log.phase_starts.items():
                for index, op_hash in enumerate(operations.hashes_added(self._state.inventory.get_host(name))):
                    phase = next((phase for start, phase in reversed(phase_starts) if start <= index), None)
                    operation = self._operation(op_hash, phase) if phase else None
                    if phase and operation:
                        self._operation_refs[name, op_hash] = OperationRef(log, title(phase), operation)
                        self._phases.setdefault(op_hash, {})[log, title(phase)] = None

    def _operation(self, op_hash: str, phase: str) -> str | None:
        """The operation's name within the phase; None where it is of none, such as a user's own behind it."""
        prefix = f"{phase} | "
        names = operations.names_of(self._state, op_hash)
        return next((name.removeprefix(prefix) for name in names if name.startswith(prefix)), None)

    def _enter(self, log: RunLog, phase: str) -> None:
        if phase not in log.begun:
            log.begun.add(phase)
            self._write(log, "interrupted")

    def _claimed(self, setting: str, report: RunReport) -> Path:
        """A new file for a report. Raises OSError."""
        folder = local_folder(working_folder(self._state), setting)
        path = claim(folder, f"k8s-ha-{report.started:%Y%m%dT%H%M%SZ}", ".json")
        if is_seen_by_git(folder):
            logger.warning(
                f"{folder} holds files of others and got no .gitignore; keep {path.name} out of git, or set report_dir "
                "to a folder of its own"
            )
        return path

    def _write(self, log: RunLog, exit_state: ExitState, reason: str | None = None, ended: bool = False) -> RunReport:
        """Replace the report's file; what prevents that costs one warning and not the run."""
        report = report_of(self._state, log, self._operation_refs, exit_state, reason, ended)
        settings = log.cluster.settings if log.cluster else ClusterSettings()
        if not log.unwritable:
            try:
                log.path = log.path or self._claimed(settings.report_dir, report)
                write_private(log.path, report.model_dump_json(indent=2) + "\n")
            except OSError as error:
                log.unwritable = True
                logger.warning(f"no report was written: {error}; make {settings.report_dir} writable or set report_dir")
        if ended:
            written = None if log.unwritable else str(log.path)
            page = self._write_page(log.path, report) if log.path and written else None
            for line in ["--> Report:", *short_form(report, written, page)]:
                logger.info(line)
        return report

    def _write_page(self, path: Path, report: RunReport) -> str | None:
        """Write the report as a page beside its file; whatever prevents that costs one warning and not the run."""
        try:
            return str(write_page(report, path))
        except Exception as error:
            logger.warning(f"no page was written: {error}; make it by `python -m k8s_ha page {path}`")
            return None
