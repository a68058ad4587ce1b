"""A static pod beside the configuration that it is generated from. Values in, values out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from k8s_ha.catalog.static_pods import EXTRA_ARGS, OWN_FLAGS, PARTS
from k8s_ha.cluster_state.configuration import argument_map, same_argument, same_value
from k8s_ha.cluster_state.manifest_values import Place, flag_values, same_path, volume_paths
from k8s_ha.observations.static_pod import StaticPod

Configuration = Mapping[str, Any]


def is_as_wanted(component: str, pod: StaticPod, wanted: Configuration, sources: Sequence[Configuration]) -> bool:
    """Whether a static pod has all that is wanted, and nothing of what the cluster keeps or kept before.

    + wanted: the ClusterConfiguration that it is to be generated from
    + sources: others that it may have been generated from
    """
    part = _Part(component, wanted)
    if any(not same_argument(value, pod.arguments.get(name)) for name, value in part.arguments.items()):
        return False
    if any(not _same_volume(volume, pod.volumes.get(name)) for name, volume in part.volumes.items()):
        return False
    if any(pod.environment.get(name) != value for name, value in part.environment.items()):
        return False
    if not pod.image.startswith(f"{part.repository}/"):
        return False
    return not any(_left_of(component, pod, part, _Part(component, source)) for source in sources)


def set_by_hand(
    component: str, pod: StaticPod, sources: Sequence[Configuration], place: Place
) -> Iterator[tuple[str, str]]:
    """What a static pod has that neither kubeadm nor any configuration gives it: its name there, and its value.

    + sources: all that it may have been generated from, and the wanted one
    """
    parts = [_Part(component, source) for source in sources]
    values = [flag_values(component, source, place) for source in sources]
    for name, value in pod.arguments.items():
        given = any(name in part.arguments and same_argument(part.arguments[name], value) for part in parts)
        if not given and not _is_kubeadms(component, name, value, values):
            yield f"--{name}", value
    paths = [volume_paths(component, source) for source in sources]
    for name, volume in pod.volumes.items():
        known = any(name in part.volumes and _same_volume(part.volumes[name], volume) for part in parts)
        if not known and not any(_is_at(volume, own.get(name, ())) for own in paths):
            yield f"volume {name}", f"{volume.get('hostPath')} at {volume.get('mountPath')}"
    for name, value in pod.environment.items():
        # Proxies kubeadm takes from its own environment.
        if not name.lower().endswith("_proxy") and not any(part.environment.get(name) == value for part in parts):
            yield f"environment {name}", value
    if not any(
        pod.image.startswith((f"{part.repository}/{component}:", f"{part.repository}/{component}@")) for part in parts
    ):
        yield "image", pod.image
    if pod.program != component:
        yield "the program", pod.program
    yield from pod.additions.items()


class _Part:
    """What a ClusterConfiguration has of one component, by name."""

    def __init__(self, component: str, configuration: Configuration) -> None:
        part: Any = configuration
        for key in PARTS[component]:
            part = part.get(key) if isinstance(part, Mapping) else None
        held: Mapping[str, Any] = part if isinstance(part, Mapping) else {}
        arguments = argument_map(held.get(EXTRA_ARGS) or {})
        self.arguments: Mapping[str, Any] = arguments if isinstance(arguments, Mapping) else {}
        self.volumes = {str(entry.get("name")): entry for entry in _maps(held.get("extraVolumes"))}
        self.environment = {
            str(entry.get("name")): str(entry.get("value", "")) for entry in _maps(held.get("extraEnvs"))
        }
        self.repository = str(held.get("imageRepository") or configuration.get("imageRepository") or "")


def _maps(value: Any) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []


def _left_of(component: str, pod: StaticPod, wanted: _Part, source: _Part) -> bool:
    """Whether the pod has something of a source that is not wanted any more."""
    for name, value in source.arguments.items():
        standing = pod.arguments.get(name)
        default = OWN_FLAGS[component].get(name)
        if name not in wanted.arguments and same_argument(value, standing) and standing != default:
            return True
    return any(name in pod.volumes for name in source.volumes.keys() - wanted.volumes.keys()) or any(
        name in pod.environment for name in source.environment.keys() - wanted.environment.keys()
    )


def _is_kubeadms(component: str, name: str, value: str, derived: Sequence[Mapping[str, Collection[str]]]) -> bool:
    """Whether a flag is as kubeadm writes it.

    + derived: its values by the configurations; a flag that is in none of them may have any
    """
    own = OWN_FLAGS[component]
    if name not in own:
        return False
    if own[name] is not None:
        return same_argument(own[name], value)
    decided = [values[name] for values in derived if name in values]
    return not decided or any(
        same_argument(wanted, value) or same_path(wanted, value) for values in decided for wanted in values
    )


def _is_at(volume: Mapping[str, Any], paths: Collection[str]) -> bool:
    standing = [str(volume.get(key)) for key in ("hostPath", "mountPath")]
    return any(all(same_path(path, stands) for stands in standing) for path in paths)


def _same_volume(wanted: Mapping[str, Any], standing: Mapping[str, Any] | None) -> bool:
    fields = ("hostPath", "mountPath", "readOnly", "pathType")
    return standing is not None and all(same_value(wanted.get(name) or "", standing.get(name) or "") for name in fields)
