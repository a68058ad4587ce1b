"""``python -m tests.scenarios.conformance [FOCUS]``: Kubernetes' conformance tests, unchanged, on a cluster of the
newest line.

The cluster has three control planes and two workers. What became of each test goes into docs/conformance.json, from
which docs/conformance.md is made. With FOCUS, a regular expression, only the tests that it fits are run, on the
cluster that is up if one is, and nothing is recorded.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from tests.lab import LabError, state
from tests.lab.build import conformance
from tests.lab.build.cache import open_cache
from tests.lab.build.tables.conformance import LINE
from tests.lab.client import KUBECONFIG, Lab
from tests.scenarios.e2e_kubeadm import reported
from tests.support.paths import PROJECT

RECORD = PROJECT / "docs" / "conformance.json"
PAGE = PROJECT / "docs" / "conformance.md"
MARK = "[Conformance]"
PARALLEL = 12  # most tests wait
HOURS = 5

NOT_RUN: Mapping[str, str] = {}
"""By a part of the test's name: why it cannot be run here."""

EXPLAINED: Mapping[str, str] = {
    "[sig-node] ImageVolume": "it wants Alpine's os-release in the image, which is made of Debian here",
    "should not write to root filesystem": "it wants the words of busybox' shell; in this image sh is bash",
}
"""By a part of the test's name: why it fails here."""


class Outcome(NamedTuple):
    """What became of a test.

    + state: passed, failed or "not run"
    + reason: of one that did not pass
    """

    state: str
    reason: str = ""


def run(focus: str) -> dict[str, str]:
    """Run the tests whose names fit, and return the state of each by its name."""
    cache = open_cache(print)
    ginkgo, program = conformance.tests(cache)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        options = ["--procs", str(PARALLEL), "--timeout", f"{HOURS}h", "--no-color", "--silence-skips"]
        options += ["--focus", focus, *(word for part in NOT_RUN for word in ("--skip", part))]
        options += ["--output-dir", folder, "--json-report", report.name]
        command = [ginkgo, *options, program, "--", "--kubeconfig", KUBECONFIG, "--disable-log-dump"]
        words = [sys.executable, "-m", "tests.lab", "operator", "--", *map(str, command)]
        subprocess.run(words, cwd=PROJECT, check=False)
        if not report.exists():
            sys.exit("ginkgo left no report; its words are above")
        return {name: state for name, state in reported(json.loads(report.read_text())).items() if MARK in name}


def outcome(name: str, state: str) -> Outcome:
    """What is recorded of a test, by its name and by its state in Ginkgo's report."""
    if state == "passed":
        return Outcome(state)
    if state == "skipped":
        return Outcome("not run", _reason(name, NOT_RUN))
    return Outcome("failed", _reason(name, EXPLAINED))


def _reason(name: str, reasons: Mapping[str, str]) -> str:
    return next((reason for part, reason in reasons.items() if part in name), "")


def page(record: Mapping[str, Any]) -> str:
    """docs/conformance.md."""
    tests = {name: Outcome(*found) for name, found in record["tests"].items()}
    names: dict[str, list[str]] = {"failed": [], "not run": [], "passed": []}
    for name, each in sorted(tests.items()):
        names[each.state].append(name)
    lines = [
        "# Conformance",
        "",
        "Made from conformance.json by `make test-conformance`; do not edit. These are Kubernetes' own conformance",
        f"tests of {record['version']}, unchanged, run on {record['on']} against a cluster that this package built in",
        "the lab: three control planes and two workers on lookalikes of Rocky Linux 8 with cgroup v1. This is no",
        "certification. The images are made here, of the same programs, on Debian instead of Alpine; where a test",
        "rolls agnhost or nginx from one release to another, the two differ in their tag alone.",
        "",
        f"{', '.join(f'{len(found)} {kind}' for kind, found in names.items())}, of {len(tests)}.",
    ]
    for kind, found in names.items():
        if found:
            lines += ["", f"## {kind.capitalize()}", "", *(f"- {name}{_because(tests[name])}" for name in found)]
    return "\n".join(lines) + "\n"


def _because(found: Outcome) -> str:
    return f": {found.reason}" if found.reason else ""


def _is_up() -> bool:
    try:
        state.current()
    except LabError:
        return False
    return KUBECONFIG.exists()


def main(arguments: list[str]) -> None:
    lab = Lab(options=("--line", LINE.version, "--conformance"))
    if not (arguments and _is_up()):
        lab.up()
        lab.results()
    found = run(arguments[0] if arguments else r"\[Conformance\]")
    if arguments:
        print(json.dumps({name: state for name, state in found.items() if state != "skipped"}, indent=1))
        return
    outcomes = {name: outcome(name, state) for name, state in found.items()}
    record = {"version": LINE.version, "on": date.today().isoformat(), "tests": outcomes}
    RECORD.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    PAGE.write_text(page(record), encoding="utf-8")
    if unexplained := [name for name, each in outcomes.items() if each.state != "passed" and not each.reason]:
        sys.exit("\n".join(["not passed, and nobody has said why; the lab is still up:", *unexplained]))
    lab.run("down", check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
