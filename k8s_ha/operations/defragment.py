"""etcd's files defragmented, member by member: a member is silent meanwhile."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from pyinfra import host, logger
from pyinfra.api import StringCommand

from k8s_ha.catalog.control_plane import etcd_request
from k8s_ha.facts.etcd_leader import EtcdLeader
from k8s_ha.observations.etcd import Leadership, Storage
from k8s_ha.operations.commands import fail_host, long_command, planned, poll_until, read_fact
from k8s_ha.operations.etcd_leader import led_elsewhere
from k8s_ha.operations.etcd_snapshot import LOG as SNAPSHOT
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.steps import SECONDS_TO_SERVE
from k8s_ha.pyinfra_internals.state import given_up
from k8s_ha.run import Run, is_executing
from k8s_ha.settings import HostSettings

SECONDS_TO_DEFRAGMENT: Final = 900
"""etcd may hold 8 GiB, all of which it reads and what is in use it writes."""

RESERVE: Final = 256 * 1024 * 1024
"""Bytes that stay free on the disk while the new file lies beside the old one."""

NOT_WORTH_IT: Final = 1024 * 1024
"""Bytes that a file may have to spare."""


@isolated_operation
def defragmented(run: Run, member: HostSettings) -> Generator[StringCommand]:
    """Have the file of this control plane's etcd without what is not in use; other hosts that call this wait for it.

    It begins only while all other members are well, and ends when this one is well again.
    """
    own = run.cluster.host(host.name)
    if member != own:
        host.noop("another member has its turn")
        return
    if not is_executing():
        yield planned("etcdctl defrag")
        return
    told = require_fact(EtcdLeader, address=own.address)
    reason = _hindrance(run, told)
    if reason is not None:
        yield fail_host(f"{host.name}: its etcd was not defragmented: {reason}; fix that, then run this again.")
        return
    if not is_worth_it(told):
        host.noop("its file has nothing to spare")
        return
    if told.leads and told.successors:
        yield from led_elsewhere(run, told)
    yield long_command(
        "etcd-defragment",
        etcd_request("/v3/maintenance/defragment", "{}", SECONDS_TO_DEFRAGMENT),
        seconds=SECONDS_TO_DEFRAGMENT + 60,
        # It would wait for a snapshot that is being saved, and its member would be silent as long.
        lock=SNAPSHOT,
    )
    after = poll_until(
        lambda: read_fact(host, EtcdLeader, address=own.address),
        lambda found: found is not None and found.storage is not None and found.is_well,
        SECONDS_TO_SERVE,
    )
    if after is None or after.storage is None or not after.is_well:
        yield fail_host(
            f"{host.name}: its etcd is not well {SECONDS_TO_SERVE} seconds after it was defragmented; see "
            "`crictl ps -a` and etcd's log there, then run this again."
        )
    else:
        logger.info(f"{host.name}: its etcd's file has {_size(after.storage)} now, of {_size(told.storage)} before")


def is_worth_it(told: Leadership) -> bool:
    """Whether a member's file has something to spare."""
    return told.storage is not None and told.storage.size - told.storage.in_use >= NOT_WORTH_IT


def lacking_room(told: Leadership) -> str | None:
    """What a member's disk lacks: etcd writes the new file beside the old one, and may not survive a full disk.

    A phrase; None where nothing is lacking.
    """
    if told.storage is None or not is_worth_it(told):
        return None
    if told.free is None:
        return "what is free on its disk could not be read"
    needed = told.storage.in_use + RESERVE
    if told.free >= needed:
        return None
    return f"its disk has {told.free >> 20} MiB free, and the new file needs {needed >> 20}"


def _hindrance(run: Run, told: Leadership) -> str | None:
    """Why this member must not be silent now; a phrase, None for no reason."""
    failed = sorted(given_up(host.state) & {entry.name for entry in run.cluster.control_planes})
    if failed:
        return f"{', '.join(failed)} failed before it"
    if told.storage is None or not told.is_well:
        return "it is not well"
    if told.unwell:
        return f"its other members {', '.join(told.unwell)} are not well, and this one is silent meanwhile"
    return lacking_room(told)


def _size(storage: Storage | None) -> str:
    return "an unknown size" if storage is None else f"{storage.size / 1024**2:.1f} MiB"
