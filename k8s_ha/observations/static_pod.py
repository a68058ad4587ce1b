"""A static pod of a control plane, as the spec of its manifest has it. Values in, values out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from k8s_ha.catalog.static_pods import PARTS
from k8s_ha.untrusted import yaml_value

Document = Mapping[str, Any]


_NAMED: Final = re.compile(r"""\b(?:name|component)["']?[ \t]*:[ \t]*["']?([\w-]+)""")
"""A name, or the label of a component, as JSON or YAML has it."""

_POD_FIELDS: Final = frozenset(
    {"containers", "hostNetwork", "initContainers", "priority", "priorityClassName", "securityContext", "volumes"}
)
_CONTAINER_FIELDS: Final = frozenset(
    {
        *("args", "command", "env", "image", "imagePullPolicy", "name", "ports", "resources", "volumeMounts"),
        *("livenessProbe", "readinessProbe", "startupProbe"),
    }
)
_MOUNT_FIELDS: Final = frozenset({"mountPath", "name", "readOnly"})
"""What kubeadm writes, or what is looked at by itself; another field is somebody's own."""

_REQUESTS: Final = {"cpu": ("100m", "200m", "250m"), "memory": ("100Mi",), "ephemeral-storage": ("100Mi",)}
"""What kubeadm asks for its four pods (cmd/kubeadm/app/phases/{controlplane,etcd})."""


@dataclass(frozen=True)
class StaticPod:
    """A component of a control plane, as its manifest has it.

    + arguments: by flag, without dashes
    + environment: values by name; empty for what no plain value has
    + volumes: by name, as ClusterConfiguration writes extraVolumes, without the name
    + program: the first word of its command
    + additions: what kubeadm writes into no manifest, by name: fields, words, a volume's second mount, containers
    """

    image: str
    arguments: Mapping[str, str]
    environment: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, Document] = field(default_factory=dict)
    program: str = ""
    additions: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """The tag of its image, such as ``v1.30.14``."""
        return self.image.rpartition("/")[2].partition("@")[0].partition(":")[2]


def static_pod(spec: Document, component: str) -> StaticPod:
    """Of the spec of a manifest as kubeadm writes it; LookupError, TypeError or AttributeError for another."""
    containers = spec["containers"]
    container = next((entry for entry in containers if entry.get("name") == component), containers[0])
    mounts: dict[str, list[Document]] = {}
    for mount in container.get("volumeMounts") or ():
        mounts.setdefault(str(mount["name"]), []).append(mount)
    volumes: dict[str, Document] = {}
    additions: dict[str, str] = {}
    for volume in spec.get("volumes") or ():
        name, path = str(volume["name"]), volume.get("hostPath") or {}
        # kubeadm mounts its own where they are on the host, and each once.
        placed = sorted(mounts.pop(name, ()), key=lambda mount: mount.get("mountPath") != path.get("path"))
        mount = placed[0] if placed else {}
        volumes[name] = {
            "hostPath": path.get("path"),
            "mountPath": mount.get("mountPath"),
            "readOnly": bool(mount.get("readOnly")),
            "pathType": path.get("type") or "",
        }
        additions |= {f"mount {other.get('mountPath')}": name for other in placed[1:]}
    additions |= {f"mount {mount.get('mountPath')}": name for name, left in mounts.items() for mount in left}
    environment = {str(entry["name"]): str(entry.get("value", "")) for entry in container.get("env") or ()}
    command = [str(word) for word in (*container["command"], *(container.get("args") or ()))]
    program, words = command[0], command[1:]
    additions |= {f"word {number}": word for number, word in _bare_words(words)}
    for other in (*containers, *(spec.get("initContainers") or ())):
        if other is not container:
            additions[f"container {other.get('name')}"] = str(other.get("image"))
    additions |= dict(_odd_fields(spec, container))
    arguments = flags(words)
    return StaticPod(str(container["image"]), arguments, environment, volumes, program, additions)


def _odd_fields(spec: Document, container: Document) -> Iterator[tuple[str, str]]:
    """Fields that kubeadm does not write, and what it does not ask for its containers."""
    mounts = [(f" of mount {mount.get('mountPath')}", mount) for mount in container.get("volumeMounts") or ()]
    for where, held, own in (
        ("", spec, _POD_FIELDS),
        ("", container, _CONTAINER_FIELDS),
        *((where, mount, _MOUNT_FIELDS) for where, mount in mounts),
    ):
        for name in held:
            if name not in own:
                yield f"{name}{where}", json.dumps(held[name], default=str)
    resources = container.get("resources") or {}
    for name in resources:
        if name != "requests":
            yield f"resources.{name}", json.dumps(resources[name], default=str)
    for name, asked in (resources.get("requests") or {}).items():
        if str(asked) not in _REQUESTS.get(name, ()):
            yield f"resources.requests.{name}", str(asked)


def component_of(text: str) -> str:
    """Which of kubeadm's pods a file of the kubelet's defines, whatever its style; empty for another one.

    Its metadata alone tells: the name of a container, or a selector, makes no pod another one.
    """
    for document in re.split(r"^---(?=\s|$)", text, flags=re.MULTILINE):
        try:
            metadata = yaml_value(document)["metadata"]
            found = [metadata.get("name"), (metadata.get("labels") or {}).get("component")]
        except ValueError:
            # What is no YAML here may be some for the kubelet.
            found = _NAMED.findall(document)
        except (LookupError, TypeError, AttributeError):
            continue
        for name in PARTS:
            if name in found:
                return name
    return ""


def flags(words: Iterable[str]) -> Mapping[str, str]:
    """Flags by name, without dashes; of several values of one flag, all of them."""
    found: dict[str, str] = {}
    for name, value in _flags([*words]):
        if name:
            found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _bare_words(words: Sequence[str]) -> list[tuple[int, str]]:
    """What is neither a flag nor a flag's value, counted from one."""
    return [*enumerate((value for name, value in _flags(words) if not name), start=1)]


def _flags(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each flag with its value, which may be the next word; a word that belongs to none has no name."""
    rest = [*reversed(words)]
    while rest:
        word = rest.pop()
        name, is_given, value = word.lstrip("-").partition("=")
        if not word.startswith("-"):
            yield "", word
        elif is_given:
            yield name, value
        else:
            yield name, rest.pop() if rest and not rest[-1].startswith("-") else "true"
