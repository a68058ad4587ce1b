"""Labels and taints that nodes are to have, and which of those they have this package gave them.

It notes that on the Node itself, so that what is taken out of the settings is taken off, and what is somebody else's
stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.observations.node import ClusterNode
from k8s_ha.settings import HostSettings
from k8s_ha.settings.syntax import split_taint

_CONTROL_PLANE_TAINT: Final = "node-role.kubernetes.io/control-plane:NoSchedule"
_MASTER_TAINT: Final = "node-role.kubernetes.io/master:NoSchedule"


def kubeadm_taints(minor: int) -> tuple[str, ...]:
    """What kubeadm of the line 1.``minor`` taints a control plane with (KEP-2067)."""
    if minor < 24:
        return (_MASTER_TAINT,)
    return (_CONTROL_PLANE_TAINT, _MASTER_TAINT) if minor == 24 else (_CONTROL_PLANE_TAINT,)


@dataclass(frozen=True)
class Owned:
    """What the settings gave a node: keys of labels, and ``KEY:EFFECT`` of taints; None where they named no taints."""

    labels: frozenset[str] = frozenset()
    taints: frozenset[str] | None = None

    @classmethod
    def parse(cls, text: str) -> Owned:
        """What the annotation says; nothing where it is somebody else's text."""
        parts = dict(part.partition("=")[::2] for part in text.split(";"))
        taints = parts.get("taints")
        return cls(_names(parts.get("labels", "")), None if taints is None else _names(taints))

    def __str__(self) -> str:
        """As the annotation says it; empty for nothing."""
        parts = [f"labels={','.join(sorted(self.labels))}"] * bool(self.labels)
        return ";".join([*parts, *[f"taints={','.join(sorted(self.taints or ()))}"] * (self.taints is not None)])


def _names(text: str) -> frozenset[str]:
    return frozenset(filter(None, text.split(",")))


@dataclass(frozen=True)
class MetadataChange:
    """What of a node's labels and taints changes.

    + hostname: the Node's name
    + labels: value by key, None for one that is taken off
    + taints: as ``key=value:Effect``; those that are set
    + untaints: as ``key:Effect``; those that are taken off
    + owned: what the annotation says afterwards; empty for none
    + meanwhile: what it says until all is done, so that a cut in between loses nothing
    """

    hostname: str
    labels: Mapping[str, str | None]
    taints: tuple[str, ...]
    untaints: tuple[str, ...]
    owned: str
    meanwhile: str = ""

    @property
    def is_a_note(self) -> bool:
        """Whether the node's labels and taints are as they should be, and only whose they are is noted."""
        return not (self.labels or self.taints or self.untaints)

    @property
    def sentence(self) -> str:
        """What a person reads of it in the plan."""
        given = [f"label {key}={value}" for key, value in self.labels.items() if value is not None]
        given += [f"taint {taint}" for taint in self.taints]
        taken = [f"label {key}" for key, value in self.labels.items() if value is None]
        taken += [f"taint {taint}" for taint in self.untaints]
        parts = [f"gets {', '.join(given)}"] * bool(given) + [f"loses {', '.join(taken)}"] * bool(taken)
        return "; ".join(parts) or "its labels and taints are noted as the settings'"


def metadata_changes(snapshot: ClusterSnapshot) -> dict[str, MetadataChange]:
    """What changes, by inventory name, of nodes that the cluster knows; none without a leader."""
    minor = snapshot.cluster.settings.kubernetes_line.minor
    found = {}
    for host in snapshot.cluster.nodes:
        node = snapshot.known(host).node
        change = None if node is None else _change(host, node, minor)
        if change is not None:
            found[host.name] = change
    return found


def _change(host: HostSettings, node: ClusterNode, minor: int) -> MetadataChange | None:
    before = Owned.parse(node.owned)
    after = Owned(frozenset(host.labels), None if host.taints is None else frozenset(map(_effect, host.taints)))
    labels: dict[str, str | None] = {k: v for k, v in sorted(host.labels.items()) if node.labels.get(k) != v}
    labels |= {key: None for key in sorted(before.labels - after.labels) if key in node.labels}
    taints, untaints = _taints(host, node, before, minor)
    if not (labels or taints or untaints or str(before) != str(after)):
        return None
    both = Owned(before.labels | after.labels, _either(before.taints, after.taints))
    return MetadataChange(node.name, labels, taints, untaints, str(after), str(both))


def _either(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    return None if one is None and other is None else (one or frozenset()) | (other or frozenset())


def _taints(
    host: HostSettings, node: ClusterNode, before: Owned, minor: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Those that are set, and those that are taken off."""
    kubeadms = kubeadm_taints(minor) if node.control_plane else ()
    if host.taints is not None:
        ours = {*(before.taints or ()), *(kubeadm_taints(24) if node.control_plane else ())}
        wanted = tuple(host.taints)
    elif before.taints is not None:
        ours, wanted = set(before.taints), kubeadms
    else:
        return (), ()  # neither now nor before did a setting name any: all are kubeadm's and the users'
    stays = set(map(_effect, wanted))
    gone = sorted({_effect(taint) for taint in node.taints} & ours - stays)
    held = {split_taint(taint) for taint in node.taints}
    return tuple(taint for taint in wanted if split_taint(taint) not in held), tuple(gone)


def _effect(taint: str) -> str:
    """A taint without its value; of one key and one effect there is one on a node."""
    key, _, effect = split_taint(taint)
    return f"{key}:{effect}"
