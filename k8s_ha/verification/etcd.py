"""What is wrong with etcd: its members against the control planes. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from k8s_ha.findings import Finding
from k8s_ha.observations.api_status import THE_CLUSTER, ApiStatus
from k8s_ha.observations.etcd import Member
from k8s_ha.observations.host_status import OK, HostStatus
from k8s_ha.settings import Cluster, HostSettings
from k8s_ha.untrusted import whole_number

REJOIN = "run the deploy, which resets it and joins it again"
LOGS = "see `crictl ps -a` and etcd's log there"


def etcd_findings(statuses: Mapping[str, HostStatus], api_status: ApiStatus, cluster: Cluster) -> Iterator[Finding]:
    """Control planes whose etcd is not well or no member, members that are no control plane, and lost quorum."""
    for control_plane in cluster.control_planes:
        etcd = statuses[control_plane.name].etcd if control_plane.name in statuses else None
        if etcd is not None and etcd.health != OK:
            yield Finding(control_plane.name, "etcd", f"its etcd is not well: {etcd.health}", "healthy", LOGS)
    listed = listed_members(statuses, cluster)
    if not listed:
        if any(control_plane.name in statuses for control_plane in cluster.control_planes):
            yield Finding(THE_CLUSTER, "etcd", "no etcd tells its members", "a list of them", LOGS)
        return
    for control_plane in cluster.control_planes:
        own = [member for member in listed if _has_address(member, control_plane)]
        if not own:
            found = f"{control_plane.hostname} is no member of etcd, which has {', '.join(map(_display_name, listed))}"
            yield Finding(control_plane.name, "etcd", found, "a member on every control plane", REJOIN)
        elif own[0].learner:
            found = f"{control_plane.hostname} is a learner in etcd: it has no vote"
            yield Finding(control_plane.name, "etcd", found, "a voting member", "wait, or " + REJOIN)
    for member in listed:
        if not any(_has_address(member, control_plane) for control_plane in cluster.control_planes):
            yield _stranger(member, api_status)
    yield from _quorum_findings(statuses, cluster)


def listed_members(statuses: Mapping[str, HostStatus], cluster: Cluster) -> tuple[Member, ...]:
    """etcd's members as the first control plane tells them whose etcd is well, or else any."""
    known = [
        statuses[control_plane.name].etcd for control_plane in cluster.control_planes if control_plane.name in statuses
    ]
    lists = [etcd for etcd in known if etcd is not None and etcd.members]
    return next((etcd.members for etcd in sorted(lists, key=lambda etcd: etcd.health != OK)), ())


def etcd_leader(statuses: Mapping[str, HostStatus], cluster: Cluster) -> str:
    """The name of etcd's leader; empty where none is known."""
    identities = {status.etcd.leader for status in statuses.values() if status.etcd and status.etcd.health == OK}
    return next((member.name for member in listed_members(statuses, cluster) if member.identity in identities), "")


def healthy_members(statuses: Mapping[str, HostStatus], cluster: Cluster) -> list[str]:
    """Names of the members whose own etcd says that it is well."""
    control_planes = [control_plane for control_plane in cluster.control_planes if control_plane.name in statuses]
    well = [
        control_plane
        for control_plane in control_planes
        if (etcd := statuses[control_plane.name].etcd) and etcd.health == OK
    ]
    return [
        member.name
        for member in listed_members(statuses, cluster)
        if any(_has_address(member, control_plane) for control_plane in well)
    ]


def _quorum_findings(statuses: Mapping[str, HostStatus], cluster: Cluster) -> Iterator[Finding]:
    # An etcd that is well has just asked a quorum of the others.
    if not healthy_members(statuses, cluster):
        found = "no etcd member says that it is well: quorum is lost"
        yield Finding(THE_CLUSTER, "etcd", found, "more than half of the members", "bring the others back")
    elif not etcd_leader(statuses, cluster):
        yield Finding(THE_CLUSTER, "etcd", "etcd has no leader", "a leader", "see etcd's logs on the control planes")


def _stranger(member: Member, api_status: ApiStatus) -> Finding:
    called = _display_name(member)
    if member.name in api_status.nodes:
        found = f"etcd has the member {called}, a node that is no control plane of the inventory"
        return Finding(
            THE_CLUSTER, "etcd", found, "every control plane in the inventory", "add it there", severity="warning"
        )
    identity = whole_number(member.identity)
    number = member.identity if identity is None else f"{identity:x}"
    found = f"etcd has a stale member: {called} is no control plane"
    return Finding(THE_CLUSTER, "etcd", found, "no other members", f"`etcdctl member remove {number}`")


def _has_address(member: Member, control_plane: HostSettings) -> bool:
    return control_plane.address in member.addresses


def _display_name(member: Member) -> str:
    return f"{member.name or 'one without a name'} ({', '.join(member.addresses)})"
