"""Looking whether the cluster works, until it does or its time is over."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Final

import gevent
from pyinfra import host, logger
from pyinfra.api import StringCommand

from k8s_ha.facts.cluster import ClusterHealth
from k8s_ha.health import shortcomings, summary
from k8s_ha.operations.cluster import elected, leads, no_leader
from k8s_ha.operations.commands import refuse
from k8s_ha.operations.guarded import guarded, look
from k8s_ha.operations.kubeconfig import local_path
from k8s_ha.run import Run, is_executing

SECONDS_BETWEEN_LOOKS: Final = 1.0


@guarded
def cluster_verified(run: Run) -> Generator[StringCommand]:
    """Have every node Ready and every pod of the road running, within ``verify_timeout_seconds``; changes nothing.

    Prints what a person needs to use the cluster, through pyinfra's log, so that stdout stays free for ``--json``.
    """
    if not is_executing():
        return
    if elected(run) is None:
        yield refuse(no_leader(run, "The cluster was not verified"))
        return
    if not leads(run, host):
        host.noop("another control plane leads")
        return
    allowed = run.cluster.settings.verify_timeout_seconds
    deadline = time.monotonic() + allowed
    while lacks := shortcomings(health := look(ClusterHealth), run.cluster):
        if time.monotonic() > deadline:
            yield refuse(f"The cluster is not complete after {allowed} seconds: {'; '.join(lacks)}.")
            return
        gevent.sleep(SECONDS_BETWEEN_LOOKS)
    for line in summary(health, run.cluster, str(local_path(run))):
        logger.info(line)
