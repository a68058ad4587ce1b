"""What a person reads of a run that does not come far."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

import k8s_ha
from k8s_ha.pyinfra_internals.terminal import kept_readable

OURS = Path(k8s_ha.__file__).with_name("run.py")


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.LogCaptureFixture]:
    """What pyinfra's log lets pass."""
    logger = logging.getLogger("pyinfra")
    level = logger.level
    monkeypatch.setattr(logger, "propagate", True)
    logger.setLevel(logging.INFO)
    yield caplog
    logger.setLevel(level)


@pytest.fixture
def ssh() -> Iterator[logging.Logger]:
    logger = logging.getLogger("paramiko.transport")
    level, logger.level = logger.level, logging.NOTSET
    yield logger
    logger.setLevel(level)


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (f"--> \x1b[31mpyinfra error in {OURS} line 212\x1b[0m: no", "--> \x1b[31mRefused\x1b[0m: no"),
        ("--> pyinfra error in deploy.py line 2: no", "--> pyinfra error in deploy.py line 2: no"),
        ("--> pyinfra error: No hosts remaining!", "--> pyinfra error: No hosts remaining!"),
    ],
    ids=["this package's", "somebody else's", "pyinfra's own"],
)
def test_a_mistake_of_the_user_is_no_error_of_a_file(log: pytest.LogCaptureFixture, raised: str, told: str) -> None:
    kept_readable()
    logging.getLogger("pyinfra").warning(raised)
    assert log.messages == [told]


@pytest.mark.parametrize(("asked", "color"), [("", None), ("1", False)])
def test_who_wants_no_color_gets_none(monkeypatch: pytest.MonkeyPatch, asked: str, color: bool | None) -> None:
    monkeypatch.setenv("NO_COLOR", asked)
    context = click.Context(click.Command("pyinfra"))
    with context:
        kept_readable()
    assert context.color is color


@pytest.mark.parametrize(
    ("hosts", "debugs", "shown"),
    [(8, False, 8), (9, False, [*range(8), "9 hosts in all: Success"]), (40, True, 40)],
    ids=["a few hosts", "more", "a person who debugs"],
)
def test_many_hosts_that_come_to_the_same_are_counted(
    log: pytest.LogCaptureFixture, hosts: int, debugs: bool, shown: int | list[Any]
) -> None:
    logger = logging.getLogger("pyinfra")
    logger.setLevel(logging.DEBUG if debugs else logging.INFO)
    kept_readable()
    for number in range(hosts):
        logger.info(f"\x1b[1m[worker{number}]\x1b[0m  \x1b[32mSuccess\x1b[0m")
    logger.info("--> Starting operation: next")
    expected = list(range(shown)) if isinstance(shown, int) else shown
    lines = [each if isinstance(each, str) else f"[worker{each}]  Success" for each in expected]
    assert [re.sub("\x1b\\[[0-9]+m", "", line) for line in log.messages] == [*lines, "--> Starting operation: next"]


def test_a_hosts_own_words_stand_where_they_are_said(log: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("pyinfra")
    kept_readable()
    for number in range(20):
        logger.info(f"[worker{number}] No changes")
    logger.error("[worker20] Error: executed 1 commands")
    for number in range(21, 30):
        logger.info(f"[worker{number}] No changes")
    logger.info("")
    assert log.messages[8:11] == [
        "[worker15] No changes",
        "20 hosts in all: No changes",
        "[worker20] Error: executed 1 commands",
    ]
    assert log.messages[-2:] == ["9 hosts in all: No changes", ""]


@pytest.mark.parametrize(
    ("own", "root", "shows"),
    [
        (logging.NOTSET, logging.WARNING, False),
        (logging.ERROR, logging.WARNING, True),
        (logging.NOTSET, logging.DEBUG, True),
    ],
    ids=["as it is", "somebody's own level", "a person who debugs"],
)
def test_a_traceback_of_the_ssh_library_is_for_who_debugs(
    ssh: logging.Logger, monkeypatch: pytest.MonkeyPatch, own: int, root: int, shows: bool
) -> None:
    monkeypatch.setattr(logging.getLogger(), "level", root)
    ssh.setLevel(own)
    kept_readable()
    assert ssh.isEnabledFor(logging.ERROR) is shows
