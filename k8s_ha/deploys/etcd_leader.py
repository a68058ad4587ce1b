"""etcd led by another control plane, before a step stops this one's member."""

from __future__ import annotations

from pyinfra import host

from k8s_ha.operations.etcd_leader import leadership_moved
from k8s_ha.run import Run


def led_by_another(run: Run) -> None:
    """Have another member lead etcd, where this host is a control plane."""
    if "control_plane" in run.cluster.host(host.name).role:
        leadership_moved(name="Have another member lead etcd", run=run)
