"""What stands against a restore, and what a restore that was cut off stands against."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from k8s_ha.findings import Finding
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.observations.backup_descriptor import Descriptor, minor_of
from k8s_ha.observations.node import HostSurvey, NodeView
from k8s_ha.observations.restoring import RestoreHost, RestoreMark, Stage
from k8s_ha.observations.static_pod import StaticPod
from k8s_ha.preflight_checks.restore_storage import CHECK, lacking_room, log_elsewhere
from k8s_ha.settings import Cluster, HostSettings
from k8s_ha.untrusted import whole_number

_EVERY_CONTROL_PLANE: Final = "a restore changes all control planes or none"
_ANOTHER: Final = "name a backup of this cluster"


@dataclass(frozen=True)
class RestoreContext:
    """What was seen before a restore.

    + views: of all control planes, by inventory name; None for one that could not be read
    + hosts: the same
    + authorities: hash of each one's CA, as kubeadm's discovery has it; without those that have none
    + held_authority: the same of the backup's archive
    + service_account: SHA-256 of the sa.pub in the archive
    """

    cluster: Cluster
    descriptor: Descriptor
    views: Mapping[str, NodeView | None]
    hosts: Mapping[str, RestoreHost | None]
    authorities: Mapping[str, str | None] = field(default_factory=dict)
    held_authority: str = ""
    service_account: str = ""

    @property
    def marks(self) -> dict[str, RestoreMark]:
        """Of restores that were cut off, by inventory name."""
        return {name: view.restoring for name, view in self.views.items() if view and view.restoring}

    @property
    def resumed(self) -> RestoreMark | None:
        """The mark of this backup's restore that was cut off; None where none was."""
        return next((mark for mark in self.marks.values() if mark.name == self.descriptor.name), None)

    @property
    def is_lost(self) -> bool:
        """Whether the control planes are clean, or were when the restore began."""
        if self.marks:
            return any(mark.is_lost for mark in self.marks.values())
        return not any(view and view.artifacts for view in self.views.values())


def unfinished_restore(surveys: Mapping[str, HostSurvey]) -> list[Finding]:
    """Hosts whose restore was cut off, for whatever else would change the cluster.

    + surveys: by inventory name
    """
    return [
        Finding(
            name,
            CHECK,
            f"a restore of {survey.restoring.name or 'an unreadable name'} has not ended there",
            "nothing else is changed before it has",
            "run k8s_ha.restore with that backup again, or remove /var/lib/k8s-ha/restore there",
        )
        for name, survey in surveys.items()
        if survey.restoring
    ]


def restore_findings(context: RestoreContext) -> list[Finding]:
    """Why nothing is restored, before the first change."""
    unread = [*_unread(context)]
    if unread:
        return unread
    found = [*_of_the_backup(context), *_mixed(context)]
    for host in context.cluster.control_planes:
        view, told = context.views[host.name], context.hosts[host.name]
        if view is not None and told is not None:
            found += [*_authority(context, host)]
            if not _was_tried(context, host):
                found += lacking_room(host, told, context.descriptor.size)
            if not context.is_lost and not context.resumed:
                found += [*_member(context, host, view, told)]
    return found


def _unread(context: RestoreContext) -> Iterator[Finding]:
    for host in context.cluster.control_planes:
        mark = context.marks.get(host.name)
        if context.views.get(host.name) is None or context.hosts.get(host.name) is None:
            remedy = "see the error above, bring it back, and run this again"
            yield Finding(host.name, CHECK, "could not be read", _EVERY_CONTROL_PLANE, remedy)
        elif mark is not None and not mark.name:
            found = "/var/lib/k8s-ha/restore/mark cannot be read"
            remedy = "remove that file, then run this again"
            yield Finding(host.name, CHECK, found, "it tells how far a restore has come", remedy)
        elif mark is not None and mark.name != context.descriptor.name:
            found = f"a restore of {mark.name} has begun there"
            remedy = "name that backup, or give that restore up as docs/operations.md says"
            yield Finding(host.name, CHECK, found, "one restore is brought to its end before another", remedy)


def _of_the_backup(context: RestoreContext) -> Iterator[Finding]:
    told = context.descriptor
    if context.held_authority != told.backup.authority:
        yield Finding(
            THE_CLUSTER,
            CHECK,
            f"{told.name} holds another CA than its descriptor says",
            "both are of one cluster",
            "take another backup of that cluster",
        )
    if not context.is_lost:
        return
    endpoint, version = context.cluster.endpoint, context.cluster.settings.kubernetes_version
    if told.endpoint != endpoint:
        yield Finding(
            THE_CLUSTER,
            CHECK,
            f"{told.name} is of a cluster at {told.endpoint}, and the settings say {endpoint}",
            "clean hosts get the backup's endpoint",
            "set that endpoint, and move it after the restore",
        )
    if version != told.version:
        yield Finding(
            THE_CLUSTER,
            CHECK,
            f"{told.name} is of Kubernetes {told.version}, and the settings say {version}",
            "clean hosts get the backup's version",
            f"set kubernetes_version = '{told.version}', and upgrade after the restore",
        )


def _mixed(context: RestoreContext) -> Iterator[Finding]:
    """Of hosts that are clean and of such as are not, none is touched; a restore that was cut off has begun on some."""
    clean = [name for name, view in context.views.items() if view and not view.artifacts and not view.restoring]
    if any(mark.stage is Stage.MANAGED for mark in context.marks.values()):
        return  # the restore has ended on those that have no mark any more
    if context.is_lost:
        wrong = [name for name in context.views if name not in clean and name not in context.marks]
    else:
        wrong = clean
    for name in wrong:
        if context.is_lost:
            found = "holds a control plane, and others are clean"
            remedy = "reset it, or restore on the hosts that stand"
        else:
            found = "is clean, and others hold a control plane"
            remedy = "run the deploy to join it, or reset the others if all is lost"
        yield Finding(name, CHECK, found, _EVERY_CONTROL_PLANE, remedy)


def _authority(context: RestoreContext, host: HostSettings) -> Iterator[Finding]:
    held, wanted = context.authorities.get(host.name), context.descriptor.backup.authority
    if host.name in context.authorities and held != wanted:
        yield Finding(
            host.name,
            CHECK,
            f"its CA is {(held or 'unreadable')[:23]}…, the backup's is {wanted[:23]}…",
            "a backup of another cluster is never restored",
            _ANOTHER,
        )


def _was_tried(context: RestoreContext, host: HostSettings) -> bool:
    """Whether the restored data lies there already."""
    mark = context.marks.get(host.name)
    return context.resumed is not None and mark is not None and mark.stage >= Stage.TRIED


def _member(context: RestoreContext, host: HostSettings, view: NodeView, told: RestoreHost) -> Iterator[Finding]:
    """Why a control plane that stands cannot be given the backup's data."""
    backup = context.descriptor
    try:
        etcd, server = view.standing.static_pod("etcd"), view.standing.static_pod("kube-apiserver")
    except ValueError:
        etcd = server = None
    if not view.has_identity or etcd is None or server is None:
        found = "has no kubelet.conf, or no etcd or API server of kubeadm's that can be read"
        yield Finding(host.name, CHECK, found, _EVERY_CONTROL_PLANE, "have it in the cluster first")
        return
    if not told.has_tool:
        yield Finding(
            host.name,
            CHECK,
            "has neither ctr nor docker, as its runtime has it",
            "etcd's own tools restore it",
            "install its runtime whole",
        )
    yield from log_elsewhere(host.name, etcd.arguments)
    known = etcd.arguments.get("name"), etcd.arguments.get("initial-advertise-peer-urls")
    if known != (host.hostname, peer_url(host)):
        yield Finding(
            host.name,
            CHECK,
            f"its etcd is {known[0]} at {known[1]}",
            f"the inventory has it as {host.hostname} at {peer_url(host)}",
            "give it that name and address in the inventory",
        )
    version = view.etcd_version or etcd.version.removeprefix("v")
    if minor_of(version) != backup.etcd_minor:
        yield Finding(
            host.name,
            CHECK,
            f"its etcd is {version}, the backup is of {backup.etcd_version}",
            "one minor does not read the data of another",
            f"name a backup of etcd {minor_of(version)}",
        )
    yield from _strangers(context, host, view)
    yield from _api_server(context, host, server)
    if context.service_account and told.service_account != context.service_account:
        yield Finding(
            host.name,
            CHECK,
            "its sa.key is another one than the backup's, and stays",
            "tokens of the backup's time are not accepted",
            "restart the pods that the API server refuses",
            "warning",
        )


def _strangers(context: RestoreContext, host: HostSettings, view: NodeView) -> Iterator[Finding]:
    known = {name for entry in context.cluster.control_planes for name in (entry.hostname, "")}
    for member in view.members:
        if member.name not in known:
            yield Finding(
                host.name,
                CHECK,
                f"its etcd counts a member {member.name}",
                "the members after a restore are the inventory's control planes",
                "add that host to the inventory, or remove that member",
            )


def _api_server(context: RestoreContext, host: HostSettings, server: StaticPod) -> Iterator[Finding]:
    backup, version = context.descriptor, server.version.removeprefix("v")
    if _numbers(version) < _numbers(backup.version):
        yield Finding(
            host.name,
            CHECK,
            f"its API server is {version}, the backup is of {backup.version}",
            "an older one may not read what a newer one has written",
            f"upgrade to {minor_of(backup.version)} first, or name an older backup",
        )
    elif version != backup.version:
        yield Finding(
            host.name,
            CHECK,
            f"its API server is {version}, the backup is of {backup.version}",
            "kubeadm-config and the like will say the older one",
            "run the deploy after the restore",
            "warning",
        )


def _numbers(version: str) -> tuple[int, ...]:
    """The minor, to compare."""
    return tuple(whole_number(word) or 0 for word in minor_of(version).split("."))


def another_endpoint(descriptor: Descriptor, standing: str) -> list[Finding]:
    """That a backup is of the time before the cluster's endpoint moved; nothing where it is not.

    + standing: the endpoint that the cluster stands with
    """
    if descriptor.endpoint == standing:
        return []
    return [
        Finding(
            THE_CLUSTER,
            CHECK,
            f"{descriptor.name} is of a cluster at {descriptor.endpoint}, this one stands at {standing}",
            "nodes would look for the API at the former endpoint",
            "move the endpoint back first, or name a later backup",
        )
    ]


def cannot_run(left_out: Collection[str], option: str | None) -> list[Finding]:
    """That hosts do not take part, or do not wait for each other.

    + left_out: inventory names of the hosts that ``--limit`` leaves out
    + option: of pyinfra's command line, by which hosts do not wait for each other; None for none
    """
    if not left_out and not option:
        return []
    found = "--limit"
    if option:
        found = option
    return [Finding(THE_CLUSTER, CHECK, f"{found} was given", _EVERY_CONTROL_PLANE, "run this without it")]


def peer_url(host: HostSettings) -> str:
    """Of a control plane's member of etcd."""
    return f"https://{host.address}:2380"
