"""Flags and feature gates that the settings, the cluster or a host still set, and that an upgrade's target has not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from k8s_ha.catalog.removals import CLEANED_BY_KUBEADM, Component, GateOwner, lost, removed_flags, removed_gates
from k8s_ha.findings import Finding
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.observations.upgrade import UpgradeFacts
from k8s_ha.preflight_checks.kubelet_flags import Flag, command_line, flags_in

CHECK: Final = "upgrade"
PATCHES: Final = "kubeadm_patches"
FLAGS_FILE: Final = "/var/lib/kubelet/kubeadm-flags.env"
"""The kubelet's flags that kubeadm writes."""

CONFIG_MAPS: Final = {
    "ClusterConfiguration": "kubeadm-config",
    "KubeletConfiguration": "kubelet-config",
    "KubeProxyConfiguration": "kube-proxy",
}
_EXTRA_ARGS: Final[Mapping[Component, tuple[str, ...]]] = {
    "kube-apiserver": ("apiServer", "extraArgs"),
    "kube-controller-manager": ("controllerManager", "extraArgs"),
    "kube-scheduler": ("scheduler", "extraArgs"),
    "etcd": ("etcd", "local", "extraArgs"),
}
_KUBELET_ARGS: Final = ("nodeRegistration", "kubeletExtraArgs")
_GATES_FLAG: Final = "feature-gates"


@dataclass(frozen=True)
class _Given:
    """Names that stand somewhere.

    + by: the component that is given them as flags, or who reads them as feature gates
    """

    where: str
    by: Component | GateOwner
    names: tuple[str, ...]


def removed_settings(
    patches: Mapping[str, Any], kept: Mapping[str, Mapping[str, Any]], since_minor: int, to_minor: int
) -> Iterator[Finding]:
    """What the settings and the cluster's ConfigMaps set and the target has not.

    + patches: the setting ``kubeadm_patches``
    + kept: the configurations that the cluster keeps, by kind
    """
    said: set[tuple[str, str]] = set()
    for given in (*_of_documents(patches, None), *_of_documents(kept, CONFIG_MAPS)):
        for name, minor in _lost(given, since_minor, to_minor).items():
            if (given.by, name) not in said:
                said.add((given.by, name))
                yield _finding(THE_CLUSTER, given, name, minor, f"take it out of {given.where} before the upgrade")


def removed_kubelet_flags(
    host: str, told: UpgradeFacts, since_minor: int, to_minor: int, own_minor: int
) -> Iterator[Finding]:
    """What the files of a host's kubelet set and the target has not, but for what kubeadm takes out itself.

    + host: its inventory name
    + own_minor: of its kubelet, which passes each minor from the next one on
    """
    for file, text in told.kubelet_flags.items():
        for given, name, minor in _lost_flags(flags_in(file, text), since_minor, to_minor):
            cleaned = CLEANED_BY_KUBEADM.get(name) if file == FLAGS_FILE else None
            if cleaned is None or not own_minor < cleaned <= to_minor:
                yield _finding(host, given, name, minor, "take it out of that file, and restart the kubelet")
    # Of units and drop-ins counts what systemd makes of them; what it reads from files of variables is told above.
    started = command_line(told.kubelet_units, list(told.kubelet_flags.items())).flags
    own = [flag for flag in started if flag.file not in told.kubelet_flags]
    for given, name, minor in _lost_flags(own, since_minor, to_minor):
        remedy = "take it out of that file, run `systemctl daemon-reload`, and restart the kubelet"
        yield _finding(host, given, name, minor, remedy)


def _lost_flags(flags: Iterable[Flag], since_minor: int, to_minor: int) -> Iterator[tuple[_Given, str, int]]:
    """Flags and feature gates that are no more, each with the file that it stands in and the first minor without."""
    files: dict[str, list[tuple[str, str]]] = {}
    for flag in flags:
        files.setdefault(flag.file, []).append((flag.name, flag.value))
    for file, arguments in files.items():
        for given in _of_flags(file, "kubelet", arguments):
            for name, minor in _lost(given, since_minor, to_minor).items():
                yield given, name, minor


def _of_documents(
    documents: Mapping[str, Mapping[str, Any]], config_maps: Mapping[str, str] | None
) -> Iterator[_Given]:
    """Flags and feature gates in configurations by kind.

    + config_maps: where each kind stands; None for the setting
    """
    for kind, document in documents.items():
        where = f"{PATCHES}.{kind}" if config_maps is None else f"the ConfigMap {config_maps.get(kind, kind)}"
        owner: GateOwner = "kubeadm" if kind == "ClusterConfiguration" else "Kubernetes"
        gates = document.get("featureGates")
        yield _Given(where, owner, tuple(map(str, gates)) if isinstance(gates, Mapping) else ())
        if kind == "ClusterConfiguration":
            for component, path in _EXTRA_ARGS.items():
                yield from _of_flags(where, component, _arguments(_at(document, path)))
        yield from _of_flags(where, "kubelet", _arguments(_at(document, _KUBELET_ARGS)))


def _of_flags(where: str, component: Component, arguments: list[tuple[str, str]]) -> Iterator[_Given]:
    """Components take `_` for `-` in flags, and newer ones a gate as `kube:Name=true`."""
    named = [(name.replace("_", "-"), value) for name, value in arguments]
    yield _Given(where, component, tuple(name for name, _ in named))
    gates = [gate for name, value in named if name == _GATES_FLAG for gate in value.split(",")]
    yield _Given(where, "Kubernetes", tuple(gate.partition("=")[0].rpartition(":")[2].strip() for gate in gates))


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _arguments(value: Any) -> list[tuple[str, str]]:
    """Name and value of extra arguments, in either of kubeadm's forms."""
    if isinstance(value, Mapping):
        return [(str(name), str(given)) for name, given in value.items()]
    entries = [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []
    return [(str(entry.get("name")), str(entry.get("value"))) for entry in entries]


def _lost(given: _Given, since_minor: int, to_minor: int) -> dict[str, int]:
    if given.by == "kubeadm" or given.by == "Kubernetes":
        return lost(given.names, removed_gates(given.by, since_minor, to_minor))
    return lost(given.names, removed_flags(given.by, since_minor, to_minor))


def _finding(host: str, given: _Given, name: str, minor: int, remedy: str) -> Finding:
    if given.by == "kubeadm" or given.by == "Kubernetes":
        wanted = f"{given.by} 1.{minor} knows no such gate, and refuses it"
        return Finding(host, CHECK, f"{given.where} sets the feature gate {name}", wanted, remedy)
    found = f"{given.where} gives {given.by} the flag --{name}"
    return Finding(host, CHECK, found, f"from Kubernetes 1.{minor} on it does not start with that", remedy)
