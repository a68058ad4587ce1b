"""One run at a time: of two operators that change a cluster at once, the second is refused."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Generator
from dataclasses import dataclass, field
from functools import cache
from typing import Final
from weakref import WeakKeyDictionary

import gevent
from pyinfra import host
from pyinfra.api import Host, StringCommand

from k8s_ha.operations.commands import fail_host, run_silently, run_until_it_ends, takes_part
from k8s_ha.operations.isolated import isolated_operation
from k8s_ha.resources import read_file, shell_variables
from k8s_ha.run import Run, is_executing

SECONDS_BETWEEN_HEARTBEATS: Final = 10
SECONDS_OF_LEASE: Final = 40
"""How long a host stays locked for an operator who is not heard of: the network may be gone. A dead one lets go."""

SECONDS_TO_WAIT: Final = 10
"""How long a run waits for a lock to go: that of an operator who died just now does in a second or two."""

SECONDS_TO_ASK: Final = SECONDS_TO_WAIT + 2

SECONDS_OF_LOCK: Final = 24 * 60 * 60


@cache
def holder() -> str:
    """What other runs are told of this process."""
    return f"process {os.getpid()} on {socket.gethostname()}"


@cache
def _identity() -> str:
    """What this process is told from all others by."""
    return secrets.token_hex(8)


@dataclass
class ClusterLock:
    """The lock of one run.

    + requested: inventory names of the hosts that have asked for it
    + refusal: why the cluster could not be locked; empty where it was, None before that was tried
    """

    requested: set[str] = field(default_factory=set)
    refusal: str | None = None


_locked: WeakKeyDictionary[Host, gevent.Greenlet[..., None]] = WeakKeyDictionary()
"""The hosts that this process has locked, with what reads from each."""


@isolated_operation
def cluster_locked(run: Run) -> Generator[StringCommand]:
    """Have the cluster locked for this run, on every control plane that takes part, until the operator's process ends.

    What a run has seen of the hosts is true no more once another one has been at work: it is refused and does not wait.
    """
    lock = run.part(ClusterLock)
    if is_executing():
        with run.lock:
            if lock.refusal is None:
                lock.refusal = _lock_refusal(run)
                run.log.refusal = lock.refusal or None
        if lock.refusal:
            yield fail_host(f"{host.name}: nothing was changed: {lock.refusal}")
            return
    host.noop("no other run is at work")


def _lock_refusal(run: Run) -> str:
    """Why the cluster cannot be locked; empty where it is. In the inventory's order, so that one of two gets it."""
    for control_plane in run.cluster.control_planes:
        target = host.inventory.get_host(control_plane.name)
        if takes_part(target) and target not in _locked and (refusal := _refusal_of(target)):
            return refusal
    return ""


def locked_again(target: Host) -> str:
    """Have a host locked for this run whose boot has ended its lock; why it could not be, empty where it is."""
    _locked.pop(target, None)
    return _refusal_of(target)


def _refusal_of(target: Host) -> str:
    _locked[target] = reader = gevent.spawn(run_until_it_ends, target, _acquire(), SECONDS_OF_LOCK)
    identity, _, holder = (run_silently(target, _ask_holder(), seconds=2 * SECONDS_TO_ASK) or "").partition(" ")
    if not identity:
        return f"{target.name} could not be locked; look at /run/k8s-ha there, then run this again."
    if identity != _identity():
        return (
            f"another run ({holder}) is at work on {target.name}; run this again when it has ended; one "
            "whose operator is gone lets go within a minute."
        )
    gevent.spawn(_heartbeat, target, reader)
    return ""


def _heartbeat(target: Host, reader: gevent.Greenlet[..., None]) -> None:
    """Tell a host that the operator is there, as long as the lock's output is read."""
    while not reader.ready():
        run_silently(target, f"touch /run/k8s-ha/run.beat-{_identity()}", seconds=SECONDS_OF_LEASE)
        gevent.sleep(SECONDS_BETWEEN_HEARTBEATS)


def _acquire() -> str:
    values = {
        "IDENTITY": _identity(),
        "HOLDER": holder(),
        "SECONDS_OF_LEASE": str(SECONDS_OF_LEASE),
        "SECONDS_TO_WAIT": str(SECONDS_TO_WAIT),
    }
    return shell_variables(values) + read_file("acquire-lock.sh")


def _ask_holder() -> str:
    values = {"IDENTITY": _identity(), "SECONDS_TO_ASK": str(SECONDS_TO_ASK)}
    return shell_variables(values) + read_file("lock-holder.sh")
