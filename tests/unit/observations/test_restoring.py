"""How far a restore has come on a host, by its mark."""

from __future__ import annotations

import pytest

from k8s_ha.observations.restoring import RestoreMark, Stage, restore_mark

NAME = "backup-master1-20261127T023000Z"
MOMENT = "20261127T081500Z"


@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize("is_lost", [False, True])
def test_a_mark_is_read_as_it_is_written(stage: Stage, is_lost: bool) -> None:
    mark = RestoreMark(NAME, MOMENT, is_lost, stage)
    assert restore_mark(f"{mark.line} {stage.name.lower()}\n") == mark


@pytest.mark.parametrize(
    "text",
    [
        "",
        NAME,
        f"{NAME} {MOMENT} standing",
        f"{NAME} {MOMENT} standing further",
        f"{NAME} {MOMENT} other begun",
        f"{NAME} yesterday standing begun",
        f"../{NAME} {MOMENT} standing begun",
        f"{NAME} {MOMENT} standing begun more",
    ],
)
def test_a_damaged_mark_has_no_name(text: str) -> None:
    assert restore_mark(text).name == ""


def test_the_token_is_the_same_in_a_run_that_goes_on_and_another_in_another_restore() -> None:
    begun = RestoreMark(NAME, MOMENT)
    assert begun.token == RestoreMark(NAME, MOMENT, stage=Stage.MEMBER).token
    assert begun.token != RestoreMark(NAME, "20261127T081501Z").token
    assert begun.token.startswith("k8s-ha-restore-")
