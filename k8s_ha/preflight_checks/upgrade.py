"""What an upgrade would end half way by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from k8s_ha.catalog.upgrades import PROVEN_SINCE, UNPROVEN_UPGRADE, etcd_floor, is_proven, numbers
from k8s_ha.findings import Finding, some
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.observations.images import AVAILABLE, MISSING
from k8s_ha.observations.upgrade import DeprecatedApi, UpgradeFacts
from k8s_ha.preflight_checks.upgrade_removals import CHECK, removed_kubelet_flags, removed_settings
from k8s_ha.settings import Cluster

DAY: Final = 24 * 60 * 60
"""Seconds that an API server must have run before it is believed that nobody asks for what it has not counted."""

MANIFESTS: Final = "/etc/kubernetes/manifests"
_MIB: Final = 1024 * 1024
_UNREAD: Final = "what cannot be read is not known to be in order"
_AGAIN: Final = "see the error above, fix it, and run this again"


def upgrade_findings(
    cluster: Cluster,
    facts: Mapping[str, UpgradeFacts],
    kept: Mapping[str, Mapping[str, Any]],
    etcd: Mapping[str, str],
    since_minor: int,
    to_minor: int,
    hops: int,
    kubelets: Mapping[str, int],
) -> list[Finding]:
    """What speaks against an upgrade from 1.``since_minor`` to 1.``to_minor``, which may be the same.

    + hops: how many versions it leads through, the last among them
    + cluster: with the settings that are wanted
    + facts: of its nodes, by inventory name
    + kept: the configurations that the cluster keeps, by kind
    + etcd: the version of each member by its name
    + kubelets: the minor of each node's kubelet, by inventory name; where none is told, ``since_minor``
    """
    planes = {node.name: facts[node.name] for node in cluster.control_planes if node.name in facts}
    found = [_silent(node.name) for node in cluster.nodes if node.name not in facts]
    for name, told in planes.items():
        found += _disk(name, told, 1 + hops)
        found += _manifests(name, told)
    found += removed_settings(cluster.settings.kubeadm_patches, kept, since_minor, to_minor)
    for name, told in facts.items():
        found += removed_kubelet_flags(name, told, since_minor, to_minor, kubelets.get(name, since_minor))
    if since_minor != to_minor:
        found += _deprecated_apis(planes, to_minor)
        found += _uptimes(planes)
    found += _webhooks(planes)
    return [*found, *_low_etcd(etcd, since_minor, to_minor)]


def unproven(cluster: Cluster, versions: Iterable[str]) -> Iterator[Finding]:
    """Versions on the way that no upgrade of this package was ever seen to lead to, unless that is accepted.

    + versions: of the hops
    """
    found = [version for version in versions if not is_proven((numbers(version) or (0, 0, 0))[1])]
    if found and UNPROVEN_UPGRADE not in cluster.settings.accepted_risks:
        yield Finding(
            THE_CLUSTER,
            CHECK,
            f"the upgrade leads to {', '.join(found)}",
            f"one to a line older than 1.{PROVEN_SINCE} was never seen to run",
            f"try it on a cluster that may be lost, then set accepted_risks = ['{UNPROVEN_UPGRADE}']",
        )


def missing_images(host: str, told: Mapping[str, Sequence[str]] | None) -> Iterator[Finding]:
    """Images of the way that no registry has, or of which none tells.

    + host: that has asked
    + told: what each place has answered, by image; None where it could not be asked
    """
    rule = "an upgrade pulls its images there"
    if told is None:
        yield Finding(host, CHECK, "could not ask which images there are", rule, _AGAIN, "warning")
        return
    missing = [image for image, answers in told.items() if set(answers) == {MISSING}]
    if missing:
        remedy = "choose another image_repository, or wait until it has them"
        yield Finding(THE_CLUSTER, CHECK, f"no registry has {some(missing)}", rule, remedy)
    unknown = {image: answers for image, answers in told.items() if image not in missing and AVAILABLE not in answers}
    if unknown:
        answers = some(sorted({answer for answers in unknown.values() for answer in answers if answer != MISSING}))
        found = f"no registry tells of {some([*unknown])} ({answers})"
        remedy = "see that they can be pulled; a hop does that before its own first step"
        yield Finding(host, CHECK, found, rule, remedy, "warning")


def _silent(name: str) -> Finding:
    return Finding(name, CHECK, "did not tell what an upgrade of it needs", _UNREAD, _AGAIN)


def _disk(name: str, told: UpgradeFacts, copies: int) -> Iterator[Finding]:
    """Too little room for kubeadm's copies of etcd: it copies all of its data at each hop, and keeps them."""
    if told.free is None or told.etcd_size is None:
        found = "the size of /var/lib/etcd or the room for copies of it could not be measured"
        yield Finding(name, CHECK, found, _UNREAD, "see `df /etc/kubernetes` and `du -s /var/lib/etcd` there")
    elif told.free < copies * told.etcd_size:
        yield Finding(
            name,
            CHECK,
            f"{told.free // _MIB} MiB are free below /etc/kubernetes, and etcd's data has {told.etcd_size // _MIB} MiB",
            f"kubeadm copies that data there, and keeps it: {copies} times its size",
            "make room, such as by removing /etc/kubernetes/tmp/kubeadm-backup-etcd-* of older upgrades",
        )


def _manifests(name: str, told: UpgradeFacts) -> Iterator[Finding]:
    """Files beside kubeadm's, of which the kubelet runs each."""
    if told.manifests is None:
        yield Finding(name, CHECK, f"{MANIFESTS} could not be read", _UNREAD, f"see `ls {MANIFESTS}` there")
    for file in told.manifests or ():
        if file.component:
            yield Finding(
                name,
                CHECK,
                f"{MANIFESTS}/{file.name} defines {file.component} a second time",
                "the kubelet reads every file there, and kubeadm waits for a pod that does not change",
                "move that file out of the folder",
            )
        else:
            yield Finding(
                name,
                CHECK,
                f"{MANIFESTS}/{file.name} is a static pod of your own",
                "an upgrade leaves it as it is, and no drain moves it",
                "see that it works with the wanted version",
                "warning",
            )


def _deprecated_apis(planes: Mapping[str, UpgradeFacts], to_minor: int) -> Iterator[Finding]:
    """APIs that somebody asks for and the target does not serve."""
    asked: dict[DeprecatedApi, list[str]] = defaultdict(list)
    for name, told in planes.items():
        for api in told.deprecated_apis or ():
            if api.removed_minor is not None and api.removed_minor <= to_minor:
                asked[api].append(name)
    for api, names in asked.items():
        yield Finding(
            THE_CLUSTER,
            CHECK,
            f"clients ask for {api}, at {some(names)}",
            f"Kubernetes {api.removed_release} no longer serves it",
            "move them to a newer version of it; an API server forgets what it has counted when it restarts",
        )


def _uptimes(planes: Mapping[str, UpgradeFacts]) -> Iterator[Finding]:
    """API servers that cannot tell yet which deprecated APIs are in use."""
    for name, told in planes.items():
        if told.deprecated_apis is None or told.uptime is None:
            found = "its API server did not tell which deprecated APIs are in use"
            yield Finding(name, CHECK, found, _UNREAD, "see `kubectl get --raw /metrics` there")
        elif told.uptime < DAY:
            yield Finding(
                name,
                CHECK,
                f"its API server has run for {told.uptime // 3600} h: which deprecated APIs are in use is not known",
                "what no client has asked for within a day counts as unused",
                "wait, or make sure that your clients ask for none that the target lacks",
                "warning",
            )


def _webhooks(planes: Mapping[str, UpgradeFacts]) -> Iterator[Finding]:
    """Webhooks that refuse every request, an upgrade's own included."""
    told = [facts.webhooks for facts in planes.values() if facts.webhooks is not None]
    if not told:
        found = "no API server told which webhooks there are"
        yield Finding(THE_CLUSTER, CHECK, found, _UNREAD, "see `kubectl get validatingwebhookconfigurations`")
    for webhook in dict.fromkeys(webhook for webhooks in told for webhook in webhooks):
        yield Finding(
            THE_CLUSTER,
            CHECK,
            f"{webhook.name} of {webhook.configuration} fails closed, "
            f"and its Service {webhook.service} has no ready endpoint",
            "the API server refuses what it cannot ask a webhook about, an upgrade's own objects too",
            "bring its pods back, or remove that configuration",
        )


def _low_etcd(etcd: Mapping[str, str], since_minor: int, to_minor: int) -> Iterator[Finding]:
    """Members that may be upgraded, and of which etcd advises a newer version first."""
    for floor in filter(None, map(etcd_floor, range(since_minor + 1, to_minor + 1))):
        advised = ".".join(map(str, floor.warned_below))
        for name in [name for name, version in etcd.items() if floor.judge(version) == "low"]:
            yield Finding(
                THE_CLUSTER,
                CHECK,
                f"the etcd member {name} runs {etcd[name]}",
                f"etcd advises {advised} before Kubernetes 1.{floor.minor}, which repairs lists of members",
                f"bring it to {advised} first, or see that etcd lists no member that was removed",
                "warning",
            )
