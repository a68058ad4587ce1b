"""One run at a time: of two operators that change a cluster at once, the second is refused."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Generator
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

SECONDS_BETWEEN_BEATS: Final = 10
SECONDS_TO_LAPSE: Final = 40
"""How long a host is held for an operator of whom nothing is heard: its network may be gone. A dead one lets go."""

SECONDS_TO_WAIT: Final = 10
"""How long a run waits for a hold to go: that of an operator who died just now does in a second or two."""

SECONDS_TO_ASK: Final = SECONDS_TO_WAIT + 2

SECONDS_TO_HOLD: Final = 24 * 60 * 60


@cache
def holder() -> str:
    """What other runs are told of this process."""
    return f"process {os.getpid()} on {socket.gethostname()}"


@cache
def _identity() -> str:
    """What this process is told from all others by."""
    return secrets.token_hex(8)


_held: WeakKeyDictionary[Host, gevent.Greenlet[..., None]] = WeakKeyDictionary()
"""The hosts that this process holds, with what reads from each."""


@isolated_operation
def cluster_held(run: Run) -> Generator[StringCommand]:
    """Have the cluster to this run alone, on every control plane that takes part, until the operator's process ends.

    What a run has seen of the hosts is true no more once another one has been at work: it is refused and does not wait.
    """
    if is_executing():
        with run.lock:
            if run.other_run is None:
                run.other_run = _other_run(run)
                run.log.refusal = run.other_run or None
        if run.other_run:
            yield fail_host(f"{host.name}: nothing was changed: {run.other_run}")
            return
    host.noop("no other run is at work")


def _other_run(run: Run) -> str:
    """Why the cluster cannot be held; empty where it is. In the inventory's order, so that one of two runs gets it."""
    for control_plane in run.cluster.control_planes:
        target = host.inventory.get_host(control_plane.name)
        if not takes_part(target) or target in _held:
            continue
        _held[target] = gevent.spawn(run_until_it_ends, target, _hold(), SECONDS_TO_HOLD)
        identity, _, holder = (run_silently(target, _ask(), seconds=2 * SECONDS_TO_ASK) or "").partition(" ")
        if not identity:
            return (
                f"{control_plane.name} could not be held for this run; look at /run/k8s-ha there, then run this again."
            )
        if identity != _identity():
            return (
                f"another run ({holder}) is at work on {control_plane.name}; run this again when it has ended; one "
                "whose operator is gone lets go within a minute."
            )
        gevent.spawn(_beat, target)
    return ""


def _beat(target: Host) -> None:
    while not _held[target].ready():
        gevent.sleep(SECONDS_BETWEEN_BEATS)
        run_silently(target, f"touch /run/k8s-ha/run.beat-{_identity()}", seconds=SECONDS_TO_LAPSE)


def _hold() -> str:
    values = {
        "IDENTITY": _identity(),
        "HOLDER": holder(),
        "SECONDS_TO_LAPSE": str(SECONDS_TO_LAPSE),
        "SECONDS_TO_WAIT": str(SECONDS_TO_WAIT),
    }
    return shell_variables(values) + read_file("hold-run.sh")


def _ask() -> str:
    values = {"IDENTITY": _identity(), "SECONDS_TO_ASK": str(SECONDS_TO_ASK)}
    return shell_variables(values) + read_file("ask-holder.sh")
