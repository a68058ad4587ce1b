"""What the program that backs up a cluster decides by itself, without a lab."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from k8s_ha.settings.backup import BackupSettings
from tests.scenarios import backup
from tests.scenarios.backup import DAY, config_maps, scheduled, shifted


def test_its_setting_is_one() -> None:
    settings = BackupSettings(**scheduled(datetime(2026, 11, 27, 8, 5, tzinfo=UTC))["backup"])
    assert (settings.schedule, settings.keep) == ("08:05", 2)


def test_a_script_is_run_for_another_day() -> None:
    assert shifted("A=1\nFIRST=900\nB='\nFIRSTLY=2\n'\n", 2) == f"A=1\nFIRST={900 - 2 * DAY}\nB='\nFIRSTLY=2\n'\n"


def test_its_objects_have_names_of_their_own() -> None:
    items = [item for first in (0, 3) for item in json.loads(config_maps(first, 3))["items"]]
    assert [item["metadata"]["name"] for item in items] == [f"key-{number}" for number in range(6)]


def test_a_word_that_it_does_not_know_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        backup.main(["no-such"])
    assert "no-such" in capsys.readouterr().err
