"""A snapshot of etcd, and of what a control plane is made of, that a trial restore has proved."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Final

from pyinfra import host
from pyinfra.api import StringCommand
from pyinfra.api.exceptions import PyinfraError

from k8s_ha.facts.system import Files
from k8s_ha.observations.backup import KEY_FILE
from k8s_ha.operations.commands import long_command
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.resources import read_file, shell_variables
from k8s_ha.run import Run
from k8s_ha.settings import HostSettings
from k8s_ha.settings.backup import BackupSettings

FOLDER: Final = "/var/lib/k8s-ha/backups"
"""Where backups lie on their host."""

LOG: Final = "etcd-snapshot"
"""The name of its log, and of the lock by which one at a time is taken on a host."""

SECONDS_FOR_A_SNAPSHOT: Final = 1800
"""etcd may hold 8 GiB, which are saved, restored and copied; saving alone is given ten minutes."""

_PURPOSES: Final = 4
"""For how many purposes some backups stay: an upgrade leads through three minors or four."""

_NAME: Final = re.compile(r"[a-z]+-[A-Za-z0-9.-]*-[0-9]{8}T[0-9]{6}Z")


@isolated_operation
def snapshot_taken(run: Run, backup: str, version: str, keep: int = _PURPOSES) -> Generator[StringCommand]:
    """Have a proven backup of this name on the current host, a control plane with an etcd of kubeadm's.

    + backup: its name, ``KIND-…-TIME``, as ``before-1.34.11-20261127T081500Z``
    + version: of Kubernetes, the cluster's now
    + keep: for how many purposes of this kind, this one's among them, the first and the last backup stay; a purpose is
      the name without its time
    """
    descriptor = f"{FOLDER}/{backup}.json"
    if descriptor in require_fact(Files, paths=[descriptor]):
        host.noop(f"the snapshot {backup} is there")
        return
    yield snapshot_command(run, backup, version, keep)


def snapshot_command(run: Run, backup: str, version: str, keep: int = _PURPOSES) -> StringCommand:
    """What takes the backup on the current host, proves it, and removes what is too old; nothing where it is there.

    Its arguments are those of ``snapshot_taken``. PyinfraError where the name has another form, or none would stay.
    """
    if not _NAME.fullmatch(backup) or keep < 1:
        raise PyinfraError(
            f"{host.name}: no etcd snapshot was taken: its name is {backup!r} and keep {keep}; "
            "give it a name as before-1.34.11-20261127T081500Z, and keep at least 1."
        )
    values = {
        "HOST": host.name,
        "RUNTIME": run.cluster.settings.container_runtime,
        "FOLDER": FOLDER,
        "NAME": backup,
        "VERSION": version,
        "KEEP": str(keep),
        "KEEPS": "purposes",
        "ENDPOINT": run.cluster.endpoint,
        "RECIPIENT": "",
    }
    return long_command(LOG, shell_variables(values) + _script(), seconds=SECONDS_FOR_A_SNAPSHOT)


def scheduled_script(run: Run, entry: HostSettings, settings: BackupSettings) -> str:
    """What takes a backup by schedule on a control plane, whenever it runs there."""
    values = {
        "HOST": entry.name,
        "RUNTIME": run.cluster.settings.container_runtime,
        "FOLDER": settings.directory,
        "STEM": f"backup-{entry.hostname}",
        "KEEP": str(settings.keep),
        "KEEPS": "newest",
        "ENDPOINT": run.cluster.endpoint,
        "RECIPIENT": KEY_FILE if settings.key_file else settings.recipient or "",
    }
    return shell_variables(values) + read_file("backup-name.sh") + _script()


def _script() -> str:
    return "".join(map(read_file, ("ca-hash.sh", "json-field.sh", "backup-parts.sh", "etcd-snapshot.sh")))
