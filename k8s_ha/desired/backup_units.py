"""What takes backups by schedule on a control plane: systemd's units, as EL7's systemd 219 reads them."""

from __future__ import annotations

from k8s_ha.observations.backup import SCRIPT_FILE
from k8s_ha.settings.backup import Schedule

# AccuracySec is known since 209, Persistent since 212, " UTC" since 217; RandomizedDelaySec only since 229.
_TIMER = """[Unit]
Description=Backups of this Kubernetes cluster by schedule (k8s_ha)

[Timer]
OnCalendar={calendar}
AccuracySec=1s
Persistent=true

[Install]
WantedBy=timers.target
"""

_SERVICE = """[Unit]
Description=Backup of this Kubernetes cluster, where it is the turn of this control plane (k8s_ha)
After=network-online.target

[Service]
Type=oneshot
ExecStart=/bin/sh {script}
Environment=LC_ALL=C
UMask=0077
Nice=19
IOSchedulingClass=idle
TimeoutStartSec={seconds}
"""


def timer_unit(schedule: Schedule) -> str:
    """The timer, which makes up at boot for a moment that the host has slept through."""
    return _TIMER.format(calendar=schedule.calendar)


def service_unit(seconds: int) -> str:
    """The service that the timer starts.

    + seconds: how long it may take
    """
    return _SERVICE.format(script=SCRIPT_FILE, seconds=seconds)
