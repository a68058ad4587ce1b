"""A report's page. Values in, values out."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

import yaml

from k8s_ha.reporting.page import tables, words
from k8s_ha.reporting.page.hosts import fold, is_plain, standings
from k8s_ha.reporting.page.timeline import charts
from k8s_ha.reporting.page.topology import topology
from k8s_ha.reporting.report import ExitState, RunReport
from k8s_ha.resources import render, render_html

_VERDICTS: Final[dict[ExitState, tuple[str, str]]] = {
    "converged": ("well", "Converged"),
    "dry": ("unknown", "Dry run"),
    "refused": ("wrong", "Refused"),
    "failed": ("wrong", "Failed"),
    "unreachable": ("wrong", "No host reached"),
    "interrupted": ("warning", "Interrupted"),
}

_MEANINGS: Final[dict[ExitState, str]] = {
    "converged": "All was done, and nothing failed.",
    "dry": "This is what a run would change. Nothing was changed.",
    "refused": "A setting or a host stood in the way. Nothing was changed.",
    "failed": "Some host failed or could not be reached.",
    "unreachable": "No host could be reached. Nothing was changed.",
    "interrupted": "The run did not come to its end. Run it again: it goes on.",
}


def page(report: RunReport) -> str:
    """The whole HTML document; it loads nothing, and no script may run in it."""
    style = render("page/page.css")
    names = words.HostNames(report.hosts)
    found = standings(report)
    mark, verdict = _VERDICTS[report.exit_state]
    return render_html(
        "page/page.html.j2",
        report=report,
        style=style,
        style_digest=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        mark=mark,
        verdict=verdict,
        meaning=_MEANINGS[report.exit_state],
        is_dry=report.mode == "dry",
        changes=sum(len(change.operations) for change in report.changes),
        findings=tables.finding_rows(report, names),
        failures=tables.failure_rows(report, names),
        hosts=fold(found, is_plain),
        topology=topology(report, found),
        phases=tables.phase_rows(report, names),
        slow=tables.slow_rows(report),
        charts=charts(report, found),
        matrix=tables.matrix(report, names),
        certificates=tables.certificate_rows(report, names),
        settings=None if report.settings is None else yaml.safe_dump(report.settings, sort_keys=False, width=100),
        names=names,
        roles=words.ROLES,
        took=words.took,
        counted=words.counted,
    )
