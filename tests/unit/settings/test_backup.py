"""When backups are taken, and what is no setting of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from k8s_ha.settings import load_cluster
from k8s_ha.settings.backup import BackupSettings, Schedule, parse_schedule
from tests.support.example_cluster import six_hosts
from tests.support.settings_mistakes import mistakes

HOUR = 3600
DAY = 24 * HOUR


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("02:30", Schedule("*-*-* 02:30:00 UTC", 2 * HOUR + 1800, DAY)),
        ("23:59", Schedule("*-*-* 23:59:00 UTC", 23 * HOUR + 59 * 60, DAY)),
        ("*:05", Schedule("*-*-* *:05:00 UTC", 300, HOUR)),
        ("*/6:15", Schedule("*-*-* 00,06,12,18:15:00 UTC", 900, 6 * HOUR)),
        ("*/12:00", Schedule("*-*-* 00,12:00:00 UTC", 0, 12 * HOUR)),
        ("Mon 00:00", Schedule("Mon *-*-* 00:00:00 UTC", 4 * DAY, 7 * DAY)),
        ("Sun 04:00", Schedule("Sun *-*-* 04:00:00 UTC", 10 * DAY + 4 * HOUR, 7 * DAY)),
    ],
)
def test_a_schedule_has_moments_and_a_period(text: str, schedule: Schedule) -> None:
    assert parse_schedule(text) == schedule


def test_the_first_moment_of_a_week_is_of_that_day() -> None:
    assert datetime.fromtimestamp(parse_schedule("Sun 04:00").first, UTC).strftime("%a %H:%M") == "Sun 04:00"


RULE = "it is 'HH:MM', 'Sun HH:MM', '*:MM' or '*/6:MM', each day, week, hour or six hours, in UTC; write one of them"
DIRECTORY = "it is an absolute path of letters, digits, '.', '_', '-'; write one such as /var/lib/backups"
ELSEWHERE = "a backup there would be part of the next one, or go with other files; write another folder"
AGE = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
"""Of age's own documentation."""
NO_AGE = "by its checksum it is no recipient of age, or was not copied whole; write what age-keygen -y says"
RECIPIENT = "it is a recipient of age, age1…, or a file with a public key of gpg; write one of them"


@pytest.mark.parametrize(
    ("backup", "line"),
    [
        *(
            ({"schedule": text}, f"backup.schedule: {text!r}; {RULE}")
            for text in ("daily", "2:30", "24:00", "02:60", "*/5:00", "*/24:00", "Sun *:00", "sun 02:30", "02:30\n", "")
        ),
        ({"keep": 0}, "backup.keep: 0; it is at least 1; choose a larger number"),
        ({"keep": True}, "backup.keep: True; it is a whole number; write one without quotes"),
        *(
            ({"directory": text}, f"backup.directory: {text!r}; {DIRECTORY}")
            for text in ("backups", "/", "/a b/c", "/var/lib/../x", "/var/lib/x/", "/var/$(id)/x", "/data", "/a/%h")
        ),
        *(
            ({"directory": text}, f"backup.directory: {text!r}; {ELSEWHERE}")
            for text in ("/var/lib/etcd/backups", "/tmp/x", "/etc/nginx/backups", "/var/tmp/x", "/var/run/x")
        ),
        *(
            ({"directory": text}, f"backup.directory: {text!r}; {ELSEWHERE}")
            for text in (
                *("/var/lib/k8s-ha", "/var/lib/k8s-ha/etcd", "/var/lib/k8s-ha/before", "/var/lib/k8s-ha/restore/x"),
                *("/var/lib/k8s-ha/backups-2", "/var/lib/cni", "/var/lib/cni/x", "/var/lib/dockershim/x"),
                *("/var/log/pods", "/var/log/containers/x", "/var/lib/kubelet", "/etc/kubernetes", "/opt/cni/bin"),
            )
        ),
        ({"recipient": ""}, f"backup.recipient: not shown here; {RECIPIENT}"),
        ({"recipient": "--output=x"}, f"backup.recipient: not shown here; {RECIPIENT}"),
        *(
            ({"recipient": text}, f"backup.recipient: not shown here; {NO_AGE}")
            for text in ("age1ABC", AGE[:-1], AGE.replace("q", "p", 1), f"{AGE}q", AGE.replace("z", "b", 1), f"{AGE}\n")
        ),
        (
            {"recipient": "AGE-SECRET-KEY-1QQQ"},
            "backup.recipient: not shown here; that is a private key, which stays with you; write its public half, "
            "which begins with age1",
        ),
        (
            {"when": "02:30"},
            "backup.when: unknown setting; settings are spelt as in BackupSettings; the settings are schedule, keep, "
            "directory, recipient, local_dir",
        ),
        ("02:30", "backup: '02:30'; it is a map of settings; write {name: value}"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence(backup: Any, line: str) -> None:
    assert mistakes({"backup": backup}, six_hosts()) == [line]


@pytest.mark.parametrize(
    ("recipient", "tool", "key_file"),
    [(None, "", ""), (AGE, "age", ""), ("~/backup.asc", "gpg", "~/backup.asc")],
)
def test_who_encrypts(recipient: str | None, tool: str, key_file: str) -> None:
    settings = load_cluster({"backup": {"recipient": recipient}}, six_hosts()).settings.backup
    assert settings == BackupSettings(recipient=recipient)
    assert (settings.tool, settings.key_file) == (tool, key_file)


@pytest.mark.parametrize(
    "directory", ["/var/lib/k8s-ha/backups", "/var/lib/k8s-ha/backups/daily", "/var/lib/k8s-ha-backups", "/var/log/x"]
)
def test_a_folder_that_nothing_else_empties(directory: str) -> None:
    settings = load_cluster({"backup": {"directory": directory}}, six_hosts()).settings.backup
    assert settings is not None
    assert settings.directory == directory
