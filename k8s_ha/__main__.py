"""``python -m k8s_ha page REPORT.json``: the page of a report, made again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pydantic import ValidationError

from k8s_ha.reporting.page.file import write_page
from k8s_ha.reporting.report import RunReport
from k8s_ha.untrusted import printable, read_json


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m k8s_ha", description="What k8s_ha does without pyinfra.")
    commands = parser.add_subparsers(dest="command", required=True)
    page = commands.add_parser("page", help="write a report's page beside it")
    page.add_argument("report", type=Path, metavar="REPORT.json", help="as a run has left it")
    return write_page_of(parser.parse_args(arguments).report)


def write_page_of(path: Path) -> int:
    """Write the page beside this report, and print where; returns the exit code."""
    try:
        report = RunReport.model_validate(read_json(path.read_text(encoding="utf-8")))
        print(write_page(report, path))
        return 0
    except ValidationError as error:
        wrong = error.errors()[0]
        reason = f"it is no report of this version: {'.'.join(map(str, wrong['loc']))}: {wrong['msg']}"
    except ValueError as error:
        reason = f"it is no JSON: {error}"
    except OSError as error:
        reason = str(error)
    print(printable(f"{path}: no page was written: {reason}"), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
