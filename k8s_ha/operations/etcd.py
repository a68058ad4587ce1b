"""A lone etcd member whose partner never came, made a cluster of one again."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Final

import gevent
from pyinfra import host, logger
from pyinfra.api import StringCommand
from pyinfra.api.exceptions import PyinfraError

from k8s_ha.cluster_state.quorum import LostQuorum, is_etcd_silent, quorum_refusal
from k8s_ha.operations.cluster import SECONDS_TO_ELECT, SECONDS_TO_SERVE, observe, wait_for_leader
from k8s_ha.operations.commands import SECONDS_BETWEEN_POLLS, fail_host, long_command
from k8s_ha.operations.isolated import isolated_operation
from k8s_ha.resources import read_file, shell_variables
from k8s_ha.run import Run, is_executing

SECONDS_FOR_RECOVERY: Final = 600


def require_quorum(run: Run) -> None:
    """Stop the run before its first change where etcd has no majority; PyinfraError says what to do.

    Not where that may be recovered and the user has said so.
    """
    with run.lock:
        lost = _lost_for_good(run)
    if lost is not None and not (run.cluster.settings.recover_quorum and lost.unstarted):
        raise PyinfraError(f"nothing was changed: {quorum_refusal(lost, run.cluster)}")


@dataclass
class QuorumWait:
    """Whether this run has waited for an etcd that was silent."""

    is_over: bool = False


def _lost_for_good(run: Run) -> LostQuorum | None:
    began = time.monotonic()
    lost, patience = _quorum(run)
    if patience == SECONDS_TO_SERVE:
        logger.info(f"etcd has no quorum yet: its members are waited for, {SECONDS_TO_SERVE} s at most")
    while time.monotonic() - began < patience:
        gevent.sleep(SECONDS_BETWEEN_POLLS)
        observe(run, fresh=True)
        lost, patience = _quorum(run)
    run.part(QuorumWait).is_over = True
    return lost


def _quorum(run: Run) -> tuple[LostQuorum | None, int]:
    """What etcd lacks, and for how many seconds that may change by itself."""
    snapshot = observe(run)
    if snapshot.leader is not None:
        return None, 0
    lost = snapshot.lost_quorum
    if lost is None:
        return None, SECONDS_TO_SERVE if is_etcd_silent(snapshot.views) and not run.part(QuorumWait).is_over else 0
    if lost.may_recover:
        return lost, SECONDS_TO_SERVE
    return lost, SECONDS_TO_ELECT if lost.unstarted is None else 0


@isolated_operation
def recovered_single_member(run: Run) -> Generator[StringCommand]:
    """Have etcd go on as a cluster of its one member, where the only other one has certainly never started."""
    lost = observe(run).lost_quorum
    if lost is None or lost.unstarted is None or lost.running[0].name != host.name:
        host.noop("nothing is to be recovered here")
        return
    values = {"HOST": host.name, "ADDRESS": lost.running[0].address, "LOST": lost.unstarted.address}
    script = shell_variables(values) + read_file("facts/etcd.sh") + read_file("recover-quorum.sh")
    yield long_command("recover-quorum", script, seconds=SECONDS_FOR_RECOVERY, lock="kubeadm")
    if not is_executing():
        return
    observe(run, fresh=True)
    if wait_for_leader(run).leader is None:
        yield fail_host(
            f"{host.name}: etcd has a quorum again, but the API server does not answer after {SECONDS_TO_SERVE} "
            "seconds; see `crictl ps -a` there, then run this again."
        )
