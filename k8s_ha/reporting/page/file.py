"""The page's file, beside the report's."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from k8s_ha.local_files import write_private
from k8s_ha.reporting.page.render import page
from k8s_ha.reporting.report import RunReport

MARK: Final = '<meta name="generator" content="k8s_ha">'
"""What a page of this package has near its beginning."""

_WITHIN: Final = 2000


def write_page(report: RunReport, beside: Path) -> Path:
    """Write the page of a report, for its owner alone, and say where.

    + beside: the report's JSON file

    Raises OSError, also where a page of somebody else's has its name.
    """
    path = beside.with_suffix(".html")
    if path.exists() and MARK not in path.read_text(encoding="utf-8", errors="replace")[:_WITHIN]:
        raise FileExistsError(f"{path} is no page of k8s_ha, and stays as it is")
    write_private(path, page(report))
    return path
