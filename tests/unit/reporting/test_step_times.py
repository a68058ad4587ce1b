"""The seconds of a change's steps, noted while it runs and read from the last report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from k8s_ha.cluster_state.change_steps import ChangeStep, Work
from k8s_ha.reporting.console import log_steps
from k8s_ha.reporting.step_times import StepTimes, of_last_change

STEPS = [
    ChangeStep(Work.APPLY, ("master1",), ("master1",), "1.34.11", "kubeadm upgrade apply v1.34.11", "its API server")
]


def report(folder: Path, name: str, document: Any) -> None:
    (folder / f"k8s-ha-{name}.json").write_text(json.dumps(document), encoding="utf-8")


def test_the_newest_report_of_a_change_tells(tmp_path: Path) -> None:
    report(tmp_path, "20260101T000000Z", {"steps": [{"kind": "apply", "seconds": 10.0}]})
    report(tmp_path, "20260102T000000Z", {"steps": [{"kind": "apply", "seconds": s} for s in (60.0, 80.0, None)]})
    report(tmp_path, "20260103T000000Z", {"steps": []})
    report(tmp_path, "20260104T000000Z", {"steps": [{"kind": "apply", "seconds": None}]})
    assert of_last_change(tmp_path) == {"apply": 70.0}


@pytest.mark.parametrize("document", [[], {}, {"steps": 1}, {"steps": [1]}, {"steps": [{"kind": "apply"}]}, "x"])
def test_what_is_no_report_tells_nothing(tmp_path: Path, document: Any) -> None:
    report(tmp_path, "20260101T000000Z", document)
    assert of_last_change(tmp_path) == {}
    assert of_last_change(tmp_path / "gone") == {}


def test_a_step_begins_once_for_all_its_hosts() -> None:
    times = StepTimes(earlier={"apply": 50.0})
    assert str(times.left(STEPS, 0)) == "about 50 s"
    assert [times.begin(0), times.begin(0)] == [True, False]
    times.end(0)
    assert times.known(STEPS)["apply"] == pytest.approx(0, abs=5)
    times.end(3)
    assert set(times.taken) == {0}


def test_the_table_fits_the_terminal(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        log_steps(STEPS, {})
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0].split() == ["step", "host", "what", "interrupts", "takes"]
    assert "kubeadm upgrade apply v1.34.11" in lines[1]
    assert lines[1].endswith("at most 20 min")
    assert all(len(line) <= 196 for line in lines)
