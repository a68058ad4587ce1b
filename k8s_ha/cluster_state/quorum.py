"""etcd without a majority: what is said of it, and when its one running member may go on alone. Values in, values out.

Before learner mode (kubeadm 1.29) a second control plane's join adds its member before that has started: a cut between
the two leaves a cluster of two with one of them, which serves nothing (etcd's documentation, runtime reconfiguration).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from k8s_ha.observations.etcd import Member
from k8s_ha.observations.node import NodeView
from k8s_ha.settings import Cluster, HostSettings
from k8s_ha.untrusted import some

_ETCD_MANIFEST: Final = "/etc/kubernetes/manifests/etcd.yaml"


@dataclass(frozen=True)
class LostQuorum:
    """Members that etcd counts, and the control planes whose own etcd runs, none of which sees a majority.

    + members: empty where none tells, since an etcd that was started anew does not without a majority
    + unstarted: the host whose member was added and has certainly never started, in a cluster of two; else None
    + may_recover: whether a majority of the members is on hosts that answer and are to run etcd
    """

    members: tuple[Member, ...]
    running: tuple[HostSettings, ...]
    unstarted: HostSettings | None
    may_recover: bool


def lost_quorum(views: Mapping[str, NodeView | None], cluster: Cluster) -> LostQuorum | None:
    """What is left of an etcd without a majority; None where one has it, and where none of them runs.

    + views: of the control planes, by inventory name; None is one that could not be read
    """
    answering = {
        host.name: view for host in cluster.control_planes if (view := views.get(host.name)) and view.etcd_answers
    }
    if not answering or any(view.etcd_healthy for view in answering.values()):
        return None
    members = next((view.members for view in answering.values() if view.members), ())
    running = tuple(host for host in cluster.control_planes if host.name in answering)
    unstarted = _unstarted(members, running, views, cluster)
    to_run = [
        host for host in cluster.control_planes if (view := views.get(host.name)) and _ETCD_MANIFEST in view.artifacts
    ]
    voters = [member.addresses for member in members] or [(host.address,) for host in cluster.control_planes]
    expected = [addresses for addresses in voters if any(host.address in addresses for host in to_run)]
    return LostQuorum(members, running, unstarted, len(expected) > len(voters) // 2)


def is_etcd_silent(views: Mapping[str, NodeView | None]) -> bool:
    """Whether no etcd answers, and one may yet: a kubelet starts one that ended again.

    + views: as for ``lost_quorum``
    """
    read = [view for view in views.values() if view]
    to_run = any(_ETCD_MANIFEST in view.artifacts and not view.init_unfinished for view in read)
    return to_run and not any(view.etcd_answers for view in read)


def _unstarted(
    members: tuple[Member, ...],
    running: tuple[HostSettings, ...],
    views: Mapping[str, NodeView | None],
    cluster: Cluster,
) -> HostSettings | None:
    """The other host of a cluster of two, where etcd says that it never started and the host has none of its data."""
    others = [member for member in members if not any(host.address in member.addresses for host in running)]
    if len(members) != 2 or len(running) != 1 or len(others) != 1 or others[0].name:
        return None
    for host in cluster.control_planes:
        view = views.get(host.name)
        if (
            host.address in others[0].addresses
            and view is not None
            and not view.busy
            and f"{cluster.etcd_folder}/member" not in view.artifacts
        ):
            return host
    return None


def quorum_refusal(lost: LostQuorum, cluster: Cluster) -> str:
    """Why nothing can be done with an etcd that has no majority, and the way out."""
    names = {host.address: host.hostname for host in cluster.control_planes}

    def display_name(member: Member) -> str:
        known = [names[address] for address in member.addresses if address in names]
        return known[0] if known else f"{member.name or 'a member without a name'} ({', '.join(member.addresses)})"

    running = [host.hostname for host in lost.running]
    if not lost.members:
        others = ", ".join(host.hostname for host in cluster.control_planes if host not in lost.running)
        return (
            f"etcd has no quorum: it runs on {', '.join(running)} and finds no majority of its members; bring "
            f"{others or 'them'} back and run this again; no member is given up by this run"
        )
    counted = sorted(map(display_name, lost.members))  # etcd's own order is that of random numbers
    if lost.unstarted is not None:
        remedy = (
            f"{lost.unstarted.hostname} was added by a join that was cut off and has never started: set "
            f"recover_quorum = True to have {', '.join(running)} go on alone, and run this again, which joins "
            f"{lost.unstarted.hostname} again"
        )
    else:
        away = ", ".join(name for name in counted if name not in running)
        remedy = f"bring {away or 'its members'} back and run this again; no member is given up by this run"
    return (
        f"etcd has no quorum: its members are {', '.join(counted)}, and only {', '.join(running)} answers; "
        f"a majority of them must; {remedy}"
    )


def majority_refusal(
    views: Mapping[str, NodeView | None], cluster: Cluster, members: Sequence[Member], removed: Sequence[Member]
) -> tuple[str, str, str] | None:
    """What is found, the rule and the way out where etcd had no majority without these members; None where it has.

    + views: as for ``lost_quorum``, also of control planes that are removed
    + members: all that etcd counts
    """
    healthy = [
        host
        for host in (*cluster.control_planes, *cluster.former_control_planes)
        if (view := views.get(host.name)) and view.etcd_healthy
    ]
    gone = {member.identity for member in removed}
    left = [member for member in members if member.identity not in gone and not member.learner]
    well = [m for m in left if any(host.address in m.addresses or host.hostname == m.name for host in healthy)]
    if left and len(well) > len(left) // 2:
        return None
    away = some(sorted(member.name or ", ".join(member.addresses) for member in left if member not in well))
    without = some(sorted(member.name or ", ".join(member.addresses) for member in removed))
    return (
        f"without {without} only {len(well)} of etcd's {len(left)} members would be well",
        "a majority must be",
        f"bring {away} back first, or remove it before" if away else "leave one out of removed_nodes",
    )
