"""The difference between the cluster that is wanted and the one that stands. Values in, values out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Any, Final

from k8s_ha.catalog.setting_changes import (
    FIELD_BY_HAND,
    NO_ENDPOINT,
    PATCH_IS_FIXED,
    PATCH_STAYS,
    PATCHES,
    POD_NETWORK_STAYS,
    SETTINGS,
    UNASKED_NAME,
    UNREADABLE_FILE,
    Change,
    kube_proxy_mode_change,
)
from k8s_ha.catalog.static_pods import EXTRA_ARGS, EXTRA_LISTS, FIXED_FLAGS, PARTS
from k8s_ha.cluster_state.configuration import Deviation, Path, deviations, followed
from k8s_ha.cluster_state.former_endpoints import FIELD, is_endpoint
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.desired.kubeadm_config import kept_configuration
from k8s_ha.observations.standing import Standing
from k8s_ha.redaction import redacted, without_named_secrets
from k8s_ha.settings import Cluster
from k8s_ha.settings.kubeadm_patches import OWNED
from k8s_ha.untrusted import read_json, short

KINDS: Final = ("ClusterConfiguration", "KubeletConfiguration", "KubeProxyConfiguration")
"""What a cluster keeps of its configuration."""

_SETTING_OF: Final[Mapping[tuple[str, str], str]] = {
    ("ClusterConfiguration", "imageRepository"): "image_repository",
    ("ClusterConfiguration", "networking.podSubnet"): "pod_cidr",
    ("ClusterConfiguration", "networking.serviceSubnet"): "service_cidr",
    ("ClusterConfiguration", "networking.dnsDomain"): "dns_domain",
    ("KubeProxyConfiguration", "mode"): "kube_proxy_mode",
}
"""The setting that decides a field, by kind and field; what is not here only kubeadm_patches reach."""


@dataclass(frozen=True)
class Difference:
    """One thing that is wanted otherwise than it stands.

    + host: inventory name; None where it is the cluster's
    + setting: as users write it, such as ``pod_cidr``, ``labels`` or ``kubeadm_patches.KubeletConfiguration.maxPods``
    + standing, wanted: as users would write them, in quotes where they are text; empty for none
    + change: what becomes of it
    + is_noted: whether it is only said, since what stands does no harm
    + deviation: of what the cluster keeps, with values as they are; None where it is none of a field
    """

    host: str | None
    setting: str
    standing: str
    wanted: str
    change: Change
    is_noted: bool = False
    deviation: Deviation | None = field(default=None, repr=False, compare=False)

    @property
    def is_refused(self) -> bool:
        """Whether the run ends with it before the first change."""
        return self.change.is_refused and not self.is_noted

    @property
    def found(self) -> str:
        """What stands, as a phrase."""
        if self.change is UNREADABLE_FILE:
            return self.setting
        return f"{self.setting} stands as {self.standing}" if self.standing else f"{self.setting} is not set there"

    @property
    def rule(self) -> str:
        """What is wanted instead, and why it does not come to be, as a phrase."""
        if self.change is UNREADABLE_FILE:
            return self.change.reason
        wanted = f"the settings say {self.wanted}" if self.wanted else "no setting says so"
        return f"{wanted}, but {self.change.reason}" if self.change.reason else wanted

    @property
    def remedy(self) -> str:
        return self.change.remedy.replace("{standing}", self.standing or "what it was")


class Unreadable(ValueError):
    """What the cluster keeps of its configuration could not be read; its text says what, as a phrase."""


def cluster_differences(snapshot: ClusterSnapshot, caveats: Collection[str] = ()) -> list[Difference]:
    """What is wanted otherwise than the cluster as a whole stands, as its leader tells it; none without a leader.

    + caveats: those that any node needs

    Raises Unreadable.
    """
    view = snapshot.leader_view
    if view is None:
        return []
    cluster, standing = snapshot.cluster, view.standing
    wanted = kept_configuration(cluster, caveats)
    try:
        found = [difference for kind in KINDS for difference in _of_kind(kind, wanted[kind], standing, cluster)]
        return found + list(_of_flannel(standing, cluster))
    except ValueError as error:
        raise Unreadable(str(error)) from None


def brings_flannel(snapshot: ClusterSnapshot) -> bool:
    """Whether flannel comes to a cluster that stands without it; False where that could not be read."""
    view = snapshot.leader_view
    try:
        return view is not None and any(
            entry.setting == "pod_network" and not entry.is_refused
            for entry in _of_flannel(view.standing, snapshot.cluster)
        )
    except ValueError:
        return False


def _of_kind(kind: str, wanted: Mapping[str, Any], standing: Standing, cluster: Cluster) -> Iterator[Difference]:
    kept = standing.document(kind)
    if kind == "KubeProxyConfiguration" and kept is not None:
        kept = {**kept, "mode": kept.get("mode") or "iptables"}
    if kept is None:
        if kind == "KubeProxyConfiguration":  # one may run something else in its place
            return
        raise ValueError(f"the ConfigMaps of kube-system hold no {kind}")
    follows = followed(kind, standing.document("ClusterConfiguration") or {})
    for entry in deviations(kind, wanted, kept, follows):
        if entry.field == "kubernetesVersion":
            continue  # with those of all hosts, in node_difference.py
        if entry.field == FIELD:
            yield replace(_of_endpoint(entry, cluster), deviation=entry)
        elif entry.field == "apiServer.certSANs":
            yield from _of_certificate_names(entry, cluster)
        # Which lines need a path of CoreDNS's own the version decides.
        elif entry.field != "dns.imageRepository" or kept.get("kubernetesVersion") == wanted["kubernetesVersion"]:
            yield replace(_of_field(entry, cluster), deviation=entry)


def _of_field(entry: Deviation, cluster: Cluster) -> Difference:
    setting = _SETTING_OF.get((entry.kind, entry.field))
    if setting is None:
        return _patch(entry)
    found = _setting(setting, entry.standing, entry.wanted)
    if setting != "kube_proxy_mode":
        return found
    minor = cluster.settings.kubernetes_line.minor
    return replace(found, change=kube_proxy_mode_change(str(entry.standing), str(entry.wanted), minor))


def _of_endpoint(entry: Deviation, cluster: Cluster) -> Difference:
    """By the setting that gives it; one that the cluster does not keep cannot be left."""
    settings = cluster.settings
    given = {"endpoint_name": settings.endpoint_name, "endpoint": settings.endpoint}
    name = next((name for name, value in given.items() if value is not None), "control_plane_endpoint")
    found = _setting(name, entry.standing, entry.wanted)
    return found if is_endpoint(entry.standing) else replace(found, change=NO_ENDPOINT)


def _setting(name: str, standing: Any, wanted: Any) -> Difference:
    return Difference(None, name, written(standing), written(wanted), SETTINGS[name])


def _patch(entry: Deviation) -> Difference:
    return patch_difference(None, entry.kind, entry.path, entry.standing, entry.wanted, _change(entry.kind, entry.path))


def _change(kind: str, path: Path) -> Change:
    """What becomes of a field that no setting of its own decides."""
    if ".".join(path) in OWNED[kind]:
        return FIELD_BY_HAND  # what no patch may say can be changed by hand alone
    if kind == "KubeletConfiguration":
        return PATCH_STAYS if path == ("staticPodPath",) else PATCHES[kind]
    if kind == "KubeProxyConfiguration" or path == ("dns", "imageRepository"):
        return PATCHES[kind]
    for component, part in PARTS.items():
        if path[:-1] == (*part, EXTRA_ARGS):
            return PATCH_IS_FIXED if path[-1] in FIXED_FLAGS[component] else PATCHES[kind]
        if path[:-1] == part and path[-1] in EXTRA_LISTS:
            return PATCHES[kind]
    return PATCH_STAYS


def patch_difference(host: str | None, kind: str, path: Path, standing: Any, wanted: Any, change: Change) -> Difference:
    """Of a field that kubeadm_patches decide; the value of one that bears a secret's name is hidden."""
    shown = redacted(without_named_secrets([{path[-1]: standing}, {path[-1]: wanted}]))
    before, after = (
        "" if value is None else written(said[path[-1]]) for value, said in zip((standing, wanted), shown, strict=True)
    )
    return Difference(host, f"kubeadm_patches.{kind}.{'.'.join(path)}", before, after, change)


def _of_certificate_names(entry: Deviation, cluster: Cluster) -> Iterator[Difference]:
    """A name that a setting gives comes to be where it is missing; what a balancer adds, or has left, is only said.

    Nothing tells a name that a setting gave once from one that somebody has put there.
    """
    wanted, standing = (certificate_names(value) for value in (entry.wanted, entry.standing))
    named = wanted & certificate_names([*cluster.settings.cert_extra_sans, cluster.endpoint_host])
    kept = [str(name) for name in entry.standing] if isinstance(entry.standing, (list, tuple)) else []
    both = replace(entry, wanted=[*kept, *(name for name in entry.wanted or () if name not in kept)])
    rows = (
        ("", written(tuple(sorted(named - standing))), SETTINGS["cert_extra_sans"], both),
        ("", written(tuple(sorted(wanted - named - standing))), UNASKED_NAME, None),
        (written(tuple(sorted(standing - wanted))), "", UNASKED_NAME, None),
    )
    for stands, wants, change, deviation in rows:
        if stands or wants:
            is_noted = change is UNASKED_NAME
            yield Difference(None, "cert_extra_sans", stands, wants, change, is_noted, deviation)


def certificate_names(value: Any) -> set[str]:
    """Names in the form that certificates have them: an address has many, and IPv4 in IPv6 is IPv4 there."""
    return {_certificate_name(str(name)) for name in value} if isinstance(value, (list, tuple)) else set()


def _certificate_name(name: str) -> str:
    try:
        address = ip_address(name)
    except ValueError:
        return name
    return str(getattr(address, "ipv4_mapped", None) or address)


def _of_flannel(standing: Standing, cluster: Cluster) -> Iterator[Difference]:
    wanted = cluster.settings.pod_network
    if not standing.has_our_flannel:
        # Whatever else is there the check of other pod networks knows.
        if wanted == "flannel" and standing.document("flannel") is None:
            yield Difference(None, "pod_network", written("none"), written(wanted), SETTINGS["pod_network"])
        return
    if wanted == "none":
        yield Difference(None, "pod_network", written("flannel"), written(wanted), POD_NETWORK_STAYS)
        return
    kept = standing.document("flannel") or {}
    backend = kept.get("Backend")
    kind = backend.get("Type") if isinstance(backend, Mapping) else None
    if kind not in (None, cluster.settings.flannel_backend):
        yield _setting("flannel_backend", kind, cluster.settings.flannel_backend)


def flannel_refusal(config: str, pods: str, cluster: Cluster) -> str | None:
    """Why flannel's manifest is not applied; None where it may be.

    + config: what the cluster keeps for flannel, JSON; empty where there is none
    + pods: the network that the nodes have parts of; where it is the wanted one, a flannel of another is mended
    """
    try:
        kept = read_json(config) if config else {}
        standing = {"pod_cidr": kept.get("Network"), "flannel_backend": kept.get("Backend", {}).get("Type")}
    except (ValueError, AttributeError):
        return "Flannel was not changed: the ConfigMap kube-flannel-cfg holds no configuration; fix it, or delete it."
    for name, value in standing.items():
        wanted = getattr(cluster.settings, name)
        if value not in (None, wanted) and (name, pods) != ("pod_cidr", wanted):
            return (
                f"Flannel was not changed: {name} stands as {value!r} and the settings say {wanted!r}, but "
                f"{SETTINGS[name].reason}; set it back."
            )
    return None


def written(value: Any) -> str:
    """A value as users would write it; empty for none."""
    if value is None or value in ((), [], ""):
        return ""
    return short(list(value) if isinstance(value, tuple) else value, 200)
