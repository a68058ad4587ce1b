"""How many connections a balancer's nginx is to hold, in nginx.conf and in its unit. Values in, values out.

Both are only ever raised, and only beyond what the distribution's nginx holds by itself, which is enough for 96 nodes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from k8s_ha.desired.nginx import Proxy
from k8s_ha.observations.nginx import NGINX_CONFIG, NginxState, Problem
from k8s_ha.observations.nginx_config import Config, ConfigUnreadable, Found
from k8s_ha.untrusted import whole_number

LIMITS_DROP_IN: Final = "/etc/systemd/system/nginx.service.d/k8s-ha.conf"

CONNECTIONS_PER_NODE: Final = 8
"""Of nginx's: kubelet, kube-proxy and flanneld keep 2 to 3 at the endpoint (counted on 1.37), and each takes another
one on to an API server."""
CONNECTIONS_OF_OTHERS: Final = 256
"""For kubectl, for probes, and for what nodes open for a moment."""
FILES_BESIDE_CONNECTIONS: Final = 1024
_NGINX_DEFAULT: Final = 512
"""nginx's own, where no line says otherwise."""
_PACKAGED_CONNECTIONS: Final = 1024
_STEP: Final = 1024

_MARK: Final = "# raised by k8s_ha for the cluster's nodes"
_PACKAGED: Final = re.compile(rf"events\s*\{{\s*worker_connections\s+(?:1024;|\d+; {re.escape(_MARK)})\s*\}}")


def connections_needed(nodes: int) -> int:
    """What one worker process must hold, since any one may be given all: ``worker_connections``, in whole thousands."""
    return -(-(CONNECTIONS_OF_OTHERS + CONNECTIONS_PER_NODE * nodes) // _STEP) * _STEP


def files_needed(connections: int) -> int:
    """Open files of a worker process that holds so many connections; 0 where systemd's default is enough."""
    return connections + FILES_BESIDE_CONNECTIONS if connections > _STEP else 0


def drop_in(files: int) -> str:
    """nginx.service's drop-in."""
    return f"# Written by k8s_ha; changes are overwritten.\n[Service]\nLimitNOFILE={files}\n"


def connections_held(config: Config) -> int:
    """``worker_connections`` as nginx reads it."""
    found = [entry.directive.arguments for entry in config.walk() if _is_limit(entry)]
    numbers = [n for arguments in found if arguments and (n := whole_number(arguments[0])) is not None]
    return numbers[-1] if numbers else _NGINX_DEFAULT


def raised(proxy: Proxy, state: NginxState, needed: int) -> Proxy:
    """``proxy`` with more connections, where nginx.conf has them as its package, or this one, wrote them."""
    if connections_held(state.config) >= needed:
        return proxy
    edited = proxy.edits.get(NGINX_CONFIG, state.config.files[NGINX_CONFIG]).decode("latin-1")
    block = _packaged(edited)
    if block is None:
        return proxy
    text = f"events {{\n    worker_connections {needed}; {_MARK}\n}}"
    edited = edited[: block.start()] + text + edited[block.end() :]
    return replace(proxy, edits={**proxy.edits, NGINX_CONFIG: edited.encode("latin-1")})


def too_few(state: NginxState, needed: int) -> Problem | None:
    """That the owner's own line has nginx hold fewer connections than the cluster's nodes will ask for."""
    try:
        held = connections_held(state.config)
    except ConfigUnreadable:
        return None  # told as such
    if held >= needed or _packaged(state.config.text(NGINX_CONFIG)):
        return None
    return Problem(
        f"its nginx holds {held} connections a worker process",
        f"the cluster's nodes need {needed}",
        f"set 'worker_connections {needed};' in the events block of {NGINX_CONFIG}",
    )


def lowered(text: str) -> str:
    """nginx.conf with as many connections as its package has, where this package has raised them."""
    block = _packaged(text)
    if block is None or _MARK not in block[0]:
        return text
    return (
        text[: block.start()] + f"events {{\n    worker_connections {_PACKAGED_CONNECTIONS};\n}}" + text[block.end() :]
    )


def limits(state: NginxState, needed: int) -> Mapping[str, str]:
    """The drop-in by its path, where nginx may not have as many files open as it needs; else nothing."""
    files = files_needed(needed)
    return {LIMITS_DROP_IN: drop_in(files)} if _files_of_unit(state) < files else {}


def may_open(state: NginxState, needed: int) -> bool:
    """Whether the nginx that runs may open as many files as it needs."""
    return state.open_files is None or state.open_files >= files_needed(needed)


def _files_of_unit(state: NginxState) -> int:
    """How many files nginx may have open after its next start; 0 where that cannot be known.

    EL7's systemd tells the hard limit alone, which is the soft one, too, where a unit sets it.
    """
    hard = state.unit.get("LimitNOFILE", "") if LIMITS_DROP_IN in state.own else ""
    limit = state.unit.get("LimitNOFILESoft", hard)
    return sys.maxsize if limit == "infinity" else whole_number(limit) or 0


def _is_limit(entry: Found) -> bool:
    return entry.directive.name == "worker_connections" and entry.blocks == ("events",)


def _packaged(text: str) -> re.Match[str] | None:
    """The block of a file that has it at the beginning of a line, and once."""
    found = [match for match in _PACKAGED.finditer(text) if text[: match.start()].endswith("\n")]
    return found[0] if len(found) == 1 else None
