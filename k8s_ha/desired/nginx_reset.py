"""nginx's files without what this package has put into its owner's. Values in, values out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Final

from k8s_ha.desired.nginx import OWN_FILES, OWN_FOLDER, STREAM_MODULE
from k8s_ha.desired.nginx_capacity import lowered
from k8s_ha.observations.host_status import SHARED_PROXY_CONFIG
from k8s_ha.observations.nginx import NGINX_CONFIG
from k8s_ha.observations.nginx_config import Config, Directive, taken_out

_FOLDER: Final = "/etc/nginx/"
_OURS: Final = frozenset({OWN_FOLDER, SHARED_PROXY_CONFIG})
"""What our lines include."""


def without_proxy(config: Config) -> dict[str, bytes]:
    """What the owner's files are to hold, by path; those that hold nothing of this package's are left out.

    + config: of an nginx that has its main file

    Raises ConfigUnreadable.
    """
    # Files of the owner's that lie in our folder are read by our line alone: it stays for them.
    folder = OWN_FOLDER.removesuffix("*.conf")
    ours = {SHARED_PROXY_CONFIG} if any(path.startswith(folder) for path in set(config.files) - {*OWN_FILES}) else _OURS
    lines: dict[str, list[Directive]] = {}
    top: list[Directive] = []
    for entry in config.walk():
        if entry.path == NGINX_CONFIG and not entry.blocks:
            top.append(entry.directive)
        if entry.path.startswith(_FOLDER) and entry.path not in OWN_FILES and _includes(entry.directive, ours):
            lines.setdefault(entry.path, []).append(entry.directive)
    if OWN_FOLDER in ours:
        lines[NGINX_CONFIG] = [*lines.get(NGINX_CONFIG, ()), *_module(config.text(NGINX_CONFIG), top)]
    found = {path: _without(config.text(path), directives) for path, directives in lines.items()}
    found[NGINX_CONFIG] = lowered(found.get(NGINX_CONFIG, config.text(NGINX_CONFIG)))
    return {path: text.encode("latin-1") for path, text in found.items() if text != config.text(path)}


def _includes(directive: Directive, ours: Collection[str]) -> bool:
    return directive.name == "include" and len(directive.arguments) == 1 and directive.arguments[0] in ours


def _module(text: str, top: Sequence[Directive]) -> list[Directive]:
    """The line that loads the stream module, where it stands right before ours: it came with it."""
    for before, directive in pairwise(top):
        is_ours = directive.name == "include" and directive.arguments == (OWN_FOLDER,)
        loads = before.name == "include" and before.arguments == (STREAM_MODULE,)
        if is_ours and loads and text[before.end : directive.start] == "\n":
            return [before]
    return []


def _without(text: str, directives: Sequence[Directive]) -> str:
    for directive in sorted(directives, key=lambda each: each.start, reverse=True):
        text = taken_out(text, directive)
    return text
