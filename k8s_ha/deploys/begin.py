"""What every layer begins with: the settings checked, the hosts looked at, and no as the first answer."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from pyinfra import host, logger, state
from pyinfra.api import Host, StringCommand
from pyinfra.api.arguments import pop_global_arguments
from pyinfra.api.exceptions import PyinfraError

from k8s_ha.facts.survey import Survey
from k8s_ha.node_state import survey_refusals
from k8s_ha.operations.commands import read_everywhere
from k8s_ha.recorder import recorder
from k8s_ha.run import Run, current_run, without_nagle


def begin(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> Run:
    """The run this layer belongs to, after a look at every host that takes part.

    Raises PyinfraError, before anything is changed, with one line for each wrong setting or unusable host.
    """
    run = current_run(settings, groups)
    without_nagle(host)
    if host.name not in {entry.name for entry in run.cluster.hosts}:
        raise PyinfraError(f"{host.name} is in none of the cluster's groups; add it to one, or use --limit")
    recorder(host.state).layer_begun(run, host)
    with run.lock:
        if not run.surveys:
            _survey(run)
    return run


def _survey(run: Run) -> None:
    names = {entry.name for entry in run.cluster.hosts}
    hosts = [member for member in state.inventory.get_active_hosts() if member.name in names]
    refusals = [reason for member in hosts if (reason := _sudo_refusal(member))]
    if not refusals:
        read = read_everywhere(Survey, {member: {} for member in hosts})
        run.surveys = {name: survey for name, survey in read.items() if survey is not None}
        refusals = [
            f"{name}: it could not be looked at as root; see the error above; root or sudo is needed"
            for name, survey in read.items()
            if survey is None
        ] + survey_refusals(run.surveys, run.cluster)
    if refusals:
        raise PyinfraError("nothing was changed:\n    " + "\n    ".join(refusals))
    for warning in run.cluster.warnings:
        logger.warning(warning)


def _sudo_refusal(member: Host) -> str | None:
    """Why sudo will not do on ``member``; asked only where pyinfra would prompt for a password and nobody is there."""
    arguments, _ = pop_global_arguments(state, member, {})
    if not arguments["_sudo"] or arguments["_sudo_password"] or sys.stdin.isatty():
        return None
    # sudo's own words are kept from pyinfra, which would prompt for a password as soon as it read them.
    allowed, _ = member.run_shell_command(StringCommand("sudo -n true 2>/dev/null"))
    if allowed:
        return None
    return f"{member.name}: its user may not sudo without a password; set _sudo_password, or allow NOPASSWD in sudoers"
