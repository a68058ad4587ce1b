"""An archive of what a report of an error needs."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pyinfra import logger
from pyinfra.api import deploy
from pyinfra.api.exceptions import PyinfraError

from k8s_ha.deploys.phase import run_of_host, survey, unreachable
from k8s_ha.deploys.preflight import findings_before_changes
from k8s_ha.findings import Finding, some
from k8s_ha.operations.diagnosis import diagnosed
from k8s_ha.operations.verify import verified_now
from k8s_ha.reporting.console import log_findings
from k8s_ha.run import Run

NAME: Final = "Diagnose the hosts and the cluster"


@deploy(NAME)
def diagnose(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> None:
    """Write an archive of what a report of an error needs into ``report_dir``, without secrets; changes nothing.

    Hosts that are clean, half built or dead, and a cluster that does not answer, cost their own part and no more.
    Raises PyinfraError where it cannot be written.
    """
    run = run_of_host(settings, groups, of_removed=True)
    with run.lock:
        if NAME not in run.log.prepare_seconds:
            begun = time.monotonic()
            run.log.timeline.enter(NAME)
            _diagnose(run)
            run.log.prepare_seconds[NAME] = time.monotonic() - begun


def _diagnose(run: Run) -> None:
    run.log.findings += survey(run) + unreachable(run)
    refused = {
        finding.host: f"{finding.found}; {finding.remedy}"
        for finding in run.log.findings
        if finding.check in ("root", "login-shell", "unreachable")
    }
    logger.info("Diagnose: every host is asked, which takes up to three minutes")
    try:
        path, told = diagnosed(
            run, {name: why for name, why in refused.items() if name not in run.surveys}, lambda: _found(run)
        )
    except OSError as error:
        report_dir = run.cluster.settings.report_dir
        raise PyinfraError(f"no archive was written: {error}; make {report_dir} writable or set report_dir") from None
    log_findings(run.log.findings)
    unread = [name for name, of_host in told.items() if of_host.reason]
    lacking = f"; nothing of {some(unread)}" if unread else ""
    logger.info(
        f"Archive: {path} ({_size(path.stat().st_size)}, {len(told) - len(unread)} of {len(told)} hosts{lacking})"
    )
    logger.info("README.txt in it tells what could not be read and what was hidden; look it over before you send it")


def _found(run: Run) -> Sequence[Finding]:
    """What preflight and verification find beyond the survey."""
    run.log.findings = findings_before_changes(run, run.log.findings)
    run.log.findings += verified_now(run).findings
    return run.log.findings


def _size(number: int) -> str:
    return f"{number / 1_000_000:.1f} MB" if number >= 100_000 else f"{number / 1000:.0f} kB"
