"""Backups by a timer on the control planes, and the newest of them on the operator's machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyinfra import host, logger

from k8s_ha.deploys.phase import phase, start_phase
from k8s_ha.operations.backup import backup_scheduled, is_left_over
from k8s_ha.operations.backup_copy import SECONDS_TO_FETCH, backup_fetched


@phase("Keep backups of the cluster")
def scheduled_backups(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> None:
    """Have a timer on each control plane that backs the cluster up in turn, and the newest backup on this machine.

    Without the setting ``backup`` a timer of this package's is taken away; what it has taken stays.
    """
    run = start_phase(settings, groups)
    is_control_plane = "control_plane" in run.cluster.host(host.name).role
    if is_left_over(run, host.name):
        logger.warning(f"{host.name}: no setting asks for backups there: its timer is taken away; the backups stay")
    elif not is_control_plane:
        return
    backup_scheduled(name="Back up by a timer", run=run)
    if is_control_plane and run.cluster.settings.backup is not None:
        backup_fetched(
            name="Fetch the newest backup to the operator",
            run=run,
            settings=run.cluster.settings.backup,
            # The phase's bound is for a command; pyinfra ends a function by it, and this is one.
            _timeout=SECONDS_TO_FETCH,
        )
