"""No cluster is initialized where a restore has begun, clean as the hosts may be."""

from __future__ import annotations

from k8s_ha.cluster_state.plan import Action, decide_init
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.observations.node import NodeView
from k8s_ha.observations.restoring import RestoreMark
from tests.support.example_cluster import six_host_cluster

CLEAN = NodeView((), None, None)
MARKED = NodeView((), None, None, restoring=RestoreMark("backup-master1-20261127T023000Z", "20261127T081500Z", True))


def test_one_mark_is_enough() -> None:
    cluster = six_host_cluster()
    views = {host.name: CLEAN for host in cluster.control_planes}
    assert decide_init(ClusterSnapshot(cluster, views, endpoint_answer="")).action is Action.INIT
    step = decide_init(ClusterSnapshot(cluster, {**views, "master3": MARKED}, endpoint_answer=""))
    assert step.action is Action.REFUSE
    assert step.sentence.startswith("No cluster was initialized: master3 is being restored from a backup")
