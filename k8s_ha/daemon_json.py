"""Docker's daemon.json: this package's keys laid over a user's, and what of it dockerd reads without a restart."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

Document = dict[str, Any]

RELOADABLE: Final = ("registry-mirrors",)
"""Keys of ours that dockerd reads again on SIGHUP (moby's daemon/reload.go)."""

_CGROUP_DRIVER: Final = "native.cgroupdriver"
# Docker's own default keeps every line a container ever wrote.
_LOG_ROTATION: Final = {"log-driver": "json-file", "log-opts": {"max-size": "100m", "max-file": "3"}}
_TYPES: Final[Mapping[str, tuple[type, str]]] = {
    "exec-opts": (list, "a list"),
    "registry-mirrors": (list, "a list"),
    "log-driver": (str, "text"),
    "log-opts": (dict, "an object"),
}


def merged(text: str, registry_mirrors: Sequence[str] | None) -> str:
    """The file's text with what Kubernetes needs of Docker, and everything else in it as it was.

    Logs are rotated where the user has chosen neither a log driver nor options for one.

    + text: the file as it is, empty where there is none
    + registry_mirrors: of Docker Hub; an empty list removes them, None leaves those that are there

    Raises ValueError with what is wrong with the file.
    """
    document = parsed(text)
    others = [option for option in document.get("exec-opts", []) if not str(option).startswith(f"{_CGROUP_DRIVER}=")]
    wanted = {**document, "exec-opts": [*others, f"{_CGROUP_DRIVER}=systemd"]}
    if not {"log-driver", "log-opts"} & set(document):
        wanted |= _LOG_ROTATION
    if registry_mirrors:
        wanted["registry-mirrors"] = list(registry_mirrors)
    elif registry_mirrors is not None:
        wanted.pop("registry-mirrors", None)
    return json.dumps(wanted, indent=2, ensure_ascii=False) + "\n"


def without_reloadable(text: str) -> str:
    """What of a valid file dockerd reads at its start only, in a form that compares."""
    return json.dumps({key: value for key, value in parsed(text).items() if key not in RELOADABLE}, sort_keys=True)


def parsed(text: str) -> Document:
    """The file's content; ValueError where it is no JSON object or one of our keys holds what dockerd would refuse."""
    if not text.strip():
        return {}
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg} in line {error.lineno}, column {error.colno}") from None
    if not isinstance(document, dict):
        raise ValueError("holds no JSON object")
    for key, (kind, kind_name) in _TYPES.items():
        if key in document and not isinstance(document[key], kind):
            raise ValueError(f"has {json.dumps(document[key])} as {key!r}, which must be {kind_name}")
    return document
