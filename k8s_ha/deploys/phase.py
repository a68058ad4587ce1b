"""What every phase starts with: the settings are checked, and all hosts are surveyed before the first change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from functools import wraps
from typing import Any, Final, ParamSpec

from pyinfra import host, logger, state
from pyinfra.api import Host, deploy
from pyinfra.api.arguments_typed import PyinfraOperation
from pyinfra.api.exceptions import PyinfraError

from k8s_ha.cluster_state.version_choice import NoVersion, choose_version
from k8s_ha.deploys.standing import differences_found
from k8s_ha.facts.answers import LOCALE
from k8s_ha.findings import Finding, errors
from k8s_ha.observations.node import HostSurvey
from k8s_ha.operations.commands import everywhere
from k8s_ha.operations.lock import ClusterLock, cluster_locked
from k8s_ha.operations.login import surveyed
from k8s_ha.operations.prefetch import phase_opened
from k8s_ha.operations.restore import Restoration
from k8s_ha.preflight_checks.access import keys_taken_unseen
from k8s_ha.preflight_checks.lifetime import lifetime_findings
from k8s_ha.preflight_checks.restore import unfinished_restore
from k8s_ha.preflight_checks.rules import waived
from k8s_ha.preflight_checks.survey import survey_findings, unreached
from k8s_ha.pyinfra_internals.connection import connected_for, connection_tuned, key_taken_unseen
from k8s_ha.pyinfra_internals.deploys import arguments_of_operations, give_to_operations
from k8s_ha.pyinfra_internals.frames import calls_located_fast
from k8s_ha.pyinfra_internals.state import is_in_limit
from k8s_ha.reporting.run_tracker import tracker
from k8s_ha.run import Run, current_run
from k8s_ha.settings.load import first_of

P = ParamSpec("P")

LINES_AT_MOST: Final = 100
"""Of hosts that cannot be used, where no table shows them."""

SECONDS_FOR_A_COMMAND: Final = 120
"""How long each command of a phase may take; those that may take longer have bounds of their own."""


class Removed(Exception):
    """A host that the setting removed_nodes names: it has no part in the phase."""


def phase(name: str) -> Callable[[Callable[P, None]], PyinfraOperation[P]]:
    """pyinfra's ``@deploy`` for a phase, which ends at once on a host that is removed.

    + name: as people read it
    """

    def decorated(function: Callable[P, None]) -> PyinfraOperation[P]:
        @wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> None:
            with suppress(Removed):
                function(*args, **kwargs)

        return deploy(name)(called)

    return decorated


def start_phase(
    settings: Mapping[str, Any] | None = None,
    groups: Mapping[str, str] | None = None,
    changes: bool = True,
    of_removed: bool = False,
) -> Run:
    """The run this phase belongs to, after a survey of every host that takes part.

    + changes: whether the phase changes the cluster, so that no other run may be at work on it
    + of_removed: whether hosts that are removed have a part in it

    Raises Removed; and PyinfraError, before anything is changed, with one line for each wrong setting or unusable host.
    """
    run = run_of_host(settings, groups, of_removed)
    with run.lock:
        if not run.surveys:
            found = survey(run)
            for finding in found:
                if finding.check == "ssh-key":
                    logger.warning(str(finding))
                    run.log.findings.append(finding)
            stop_on_errors(found)
        if changes:
            if not run.part(Restoration).is_asked:
                stop_on_errors(unfinished_restore(run.surveys))
            stop_on_errors(differences_found(run))
    phase_opened()
    requested = run.part(ClusterLock).requested
    # Where nobody is removed that phase has nothing to do, and does not show.
    changes = changes and (not of_removed or bool(run.log.plan.removals_due))
    if changes and host.name not in requested:
        requested.add(host.name)
        cluster_locked(name="Lock the cluster for this run", run=run)
    return run


def run_of_host(settings: Mapping[str, Any] | None, groups: Mapping[str, str] | None, of_removed: bool = False) -> Run:
    """The run that this host belongs to.

    + of_removed: as for ``start_phase``

    Raises Removed; and PyinfraError with one line for each wrong setting, or where the host has no role.
    """
    run = current_run(settings, groups)
    connection_tuned(host)
    calls_located_fast()
    _bound_commands()
    if run.cluster.removes(host.name) and not of_removed:
        raise Removed
    if not run.cluster.has(host.name) and not run.cluster.removes(host.name):
        raise PyinfraError(f"{host.name} is in none of the cluster's groups; add it to one, or use --limit")
    tracker(host.state).phase_started(run.log, host)
    return run


def _bound_commands() -> None:
    """Have every command of this phase speak English, and end: a host that hangs costs its own part and not the run."""
    given = arguments_of_operations(host)
    own = {**(host.data.get("_env") or {}), **(given.get("_env") or {}), "LC_ALL": LOCALE}
    bounded = {**given, "_env": own, "_timeout": given.get("_timeout") or SECONDS_FOR_A_COMMAND}
    give_to_operations(host, bounded)


def today() -> date:
    """The day by the operator's clock, which the lines' ends are compared with."""
    return date.today()


def survey(run: Run) -> list[Finding]:
    """Survey all hosts at once, and say why any of them cannot be used, waived checks marked; keeps the surveys."""
    members = members_of(run)
    for member in members:
        connection_tuned(member)
    answers = everywhere(surveyed, members)
    run.surveys = run.log.surveys = {name: survey for name, survey in answers.items() if isinstance(survey, HostSurvey)}
    found = [finding for finding in answers.values() if isinstance(finding, Finding)]
    for warning in run.cluster.warnings:
        logger.warning(warning)
    found += keys_taken_unseen({member.name: key for member in members if (key := key_taken_unseen(member))})
    try:
        _choose_version(run)
    except NoVersion as error:
        name = run.cluster.control_planes[0].name
        return waived([*found, Finding(name, "kubernetes", error.found, error.rule, error.remedy)], ())
    found += survey_findings(run.surveys, run.cluster)
    found += lifetime_findings(run.surveys, run.cluster, today())
    return waived(found, run.cluster.settings.waive)


def _choose_version(run: Run) -> None:
    """Have the run's cluster know its version where the settings name none; raises NoVersion.

    Nodes that ``--limit`` leaves out are surveyed too where none of the hosts that take part tells.
    """
    if run.cluster.settings.kubernetes_version is not None:
        return
    surveys = dict(run.surveys)
    if not any(surveys[node.name].standing_version for node in run.cluster.nodes if node.name in surveys):
        others = [host.inventory.get_host(entry.name) for entry in run.cluster.nodes]
        answers = everywhere(_surveyed_anyway, [other for other in others if not is_in_limit(state, other)])
        surveys |= {name: answer for name, answer in answers.items() if isinstance(answer, HostSurvey)}
    choice = choose_version(run.cluster, surveys)
    run.choose_version(choice)
    logger.info(f"Kubernetes {choice}")


def _surveyed_anyway(other: Host) -> HostSurvey | None:
    """What a host tells of itself that the run leaves out; None where it cannot be asked."""
    try:
        connected_for(other, "for the version that the cluster stands with")
    except PyinfraError:
        return None
    answer = surveyed(other)
    return answer if isinstance(answer, HostSurvey) else None


def stop_on_errors(findings: Sequence[Finding]) -> None:
    """End everything, before the first change, where there are errors among the findings."""
    if stopping := errors(findings):
        raise PyinfraError("nothing was changed:\n    " + "\n    ".join(first_of([*map(str, stopping)], LINES_AT_MOST)))


def members_of(run: Run) -> list[Host]:
    """The cluster's hosts that are connected and take part in this run."""
    return [member for member in state.inventory.get_active_hosts() if run.cluster.has(member.name)]


def unreachable(run: Run) -> list[Finding]:
    """Hosts that should take part in this run and could not be reached."""
    connected = {member.name for member in members_of(run)}
    missing = [
        entry.name
        for entry in run.cluster.hosts
        if entry.name not in connected and is_in_limit(state, host.inventory.get_host(entry.name))
    ]
    return list(unreached(missing, run.surveys, run.cluster))
