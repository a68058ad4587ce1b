"""What is recorded of Kubernetes' conformance tests."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from tests.lab.build import images
from tests.lab.build.tables.images import Image
from tests.scenarios import conformance
from tests.scenarios.conformance import Outcome, outcome, page

NAME = "[sig-network] DNS should provide DNS for services [Conformance]"
REASONS = {"DNS": "the lab has no way out"}


@pytest.mark.parametrize(
    ("state", "recorded"),
    [
        ("passed", Outcome("passed")),
        ("skipped", Outcome("not run", "the lab has no way out")),
        ("failed", Outcome("failed", "a wish for the internet")),
        ("timedout", Outcome("failed", "a wish for the internet")),
    ],
)
def test_a_state_of_ginkgos_is_recorded(monkeypatch: pytest.MonkeyPatch, state: str, recorded: Outcome) -> None:
    monkeypatch.setattr(conformance, "NOT_RUN", REASONS)
    monkeypatch.setattr(conformance, "EXPLAINED", {"provide DNS": "a wish for the internet"})
    assert outcome(NAME, state) == recorded


def test_a_failure_that_nobody_explained_has_no_reason() -> None:
    assert outcome("[sig-x] y [Conformance]", "failed") == Outcome("failed")


def test_the_page_names_each_test_with_its_reason() -> None:
    tests = {"a": Outcome("passed"), "b": Outcome("failed", "cgroup v1"), "c": Outcome("passed")}
    lines = page({"version": "1.37.2", "on": "2026-11-26", "tests": tests}).splitlines()
    assert "2 passed" in (counted := next(line for line in lines if line.endswith("of 3.")))
    assert counted == "1 failed, 0 not run, 2 passed, of 3."
    assert lines[lines.index("## Failed") + 2] == "- b: cgroup v1"
    assert [line for line in lines if line.startswith("- ")] == ["- b: cgroup v1", "- a", "- c"]
    assert "## Not run" not in lines


@pytest.mark.parametrize(
    ("image", "modes"),
    [
        (Image("x", "1", {"bin/x": "debs/x"}), {"bin/x": 0o755}),
        (Image("x", "1", {"bin/x": "debs/x"}, setuid=("bin/x",)), {"bin/x": 0o4755}),
    ],
)
def test_a_file_that_runs_as_its_owner(tmp_path: Path, image: Image, modes: dict[str, int]) -> None:
    program = tmp_path / "x"
    program.write_bytes(b"")
    archive = images.layer(dict.fromkeys(image.files, program), image.links, image.setuid)
    with tarfile.open(fileobj=io.BytesIO(archive)) as found:
        assert {entry.name: entry.mode for entry in found} == modes


def test_the_page_is_made_of_the_record() -> None:
    record = json.loads(conformance.RECORD.read_text(encoding="utf-8"))
    assert conformance.PAGE.read_text(encoding="utf-8") == page(record)


def test_whatever_did_not_pass_has_its_reason() -> None:
    record = json.loads(conformance.RECORD.read_text(encoding="utf-8"))
    assert [name for name, (state, reason) in record["tests"].items() if state != "passed" and not reason] == []
