"""The units that take backups by schedule: nothing in them that systemd 219 lacks."""

from __future__ import annotations

import pytest

from k8s_ha.desired.backup_units import service_unit, timer_unit
from k8s_ha.settings.backup import parse_schedule

KNOWN = {
    *("Description", "After", "WantedBy"),
    *("OnCalendar", "AccuracySec", "Persistent"),
    *("Type", "ExecStart", "Environment", "UMask", "Nice", "IOSchedulingClass", "TimeoutStartSec"),
}
"""Of systemd 219 (systemd.timer(5), systemd.service(5), systemd.exec(5))."""


@pytest.mark.parametrize("text", [timer_unit(parse_schedule("02:30")), service_unit(60)])
def test_systemd_219_knows_each_directive(text: str) -> None:
    lines = [line for line in text.splitlines() if line and not line.startswith("[")]
    assert {line.partition("=")[0] for line in lines} <= KNOWN
    assert text.endswith("\n")


def test_the_timer_has_the_schedule() -> None:
    assert "\nOnCalendar=*-*-* 00,06,12,18:15:00 UTC\n" in timer_unit(parse_schedule("*/6:15"))


def test_the_service_is_the_script_at_idle_times() -> None:
    text = service_unit(3960)
    for line in ("ExecStart=/bin/sh /var/lib/k8s-ha/backup.sh", "IOSchedulingClass=idle", "TimeoutStartSec=3960"):
        assert f"\n{line}\n" in text
