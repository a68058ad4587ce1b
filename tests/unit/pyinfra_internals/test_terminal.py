"""What a person reads of a run that does not come far."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

import k8s_ha
from k8s_ha.pyinfra_internals.terminal import kept_readable

OURS = Path(k8s_ha.__file__).with_name("run.py")


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
def test_a_mistake_of_the_user_is_no_error_of_a_file(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, raised: str, told: str
) -> None:
    kept_readable()
    logger = logging.getLogger("pyinfra")
    monkeypatch.setattr(logger, "propagate", True)
    logger.warning(raised)
    assert caplog.messages == [told]


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
