"""nginx, as load balancer before the API servers."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Generator, Iterator, Mapping
from typing import Final

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.desired.former_endpoint import without_new_listeners
from k8s_ha.desired.nginx import OWN_FILES, Proxy, invalid, planned
from k8s_ha.desired.nginx_capacity import LIMITS_DROP_IN, files_needed, limits, may_open, raised
from k8s_ha.facts.fact_batch import FactRequest
from k8s_ha.facts.nginx import RECORD, Nginx
from k8s_ha.observations.host_status import PROXY_CONFIG
from k8s_ha.observations.nginx import NGINX_CONFIG, NginxState, OwnFile, Problem
from k8s_ha.observations.nginx_config import copies
from k8s_ha.operations.commands import fail_host
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.prefetch import reads
from k8s_ha.resources import read_file, shell_variables
from k8s_ha.run import is_executing

SECONDS_TO_LISTEN: Final = 15
"""How long nginx may take to listen after a start or a reload; it waits for names that it resolves."""

SECONDS_TO_SHUT_DOWN: Final = 10
"""How long workers of an earlier configuration may hold connections: a watch would keep them for hours."""

_BOUND: Final = "worker_shutdown_timeout"
_SUFFIX: Final = ".k8s-ha-new"
_FOLDER: Final = f"/etc/nginx/{_SUFFIX}"
"""For copies that are tested; no wildcard finds what begins with a dot."""

_UNINSTALLED: Final = NginxState(walked={NGINX_CONFIG: b"include /usr/share/nginx/modules/*.conf;\n"})


@reads(lambda port, **_: [FactRequest(Nginx, {"port": port, "unstarted": True})])
@isolated_operation
def endpoint_proxied(
    port: int, files: Mapping[str, str], connections: int, ends_former: bool = False
) -> Generator[StringCommand]:
    """Have nginx pass on the endpoint's port: enabled at boot, running with this configuration, and listening.

    + port: of the endpoint
    + files: this package's file for each way to be included; one of them is used, without ports of former endpoints
      on which nginx does not listen
    + connections: how many a worker process is to hold
    + ends_former: whether workers of the configuration before are waited for until they have ended
    """
    state = require_fact(Nginx, port=port, unstarted=is_executing())
    if not state.program and not is_executing():
        state = _UNINSTALLED  # the package is installed before this runs
    proxy = planned(state, port)
    if isinstance(proxy, Proxy):
        proxy = invalid(state, proxy) or proxy
    if isinstance(proxy, Problem):
        yield fail_host(f"{host.name}: {proxy.found}; {proxy.wanted}; {proxy.remedy}.")
        return
    proxy = raised(proxy, state, connections)
    standing = "".join(state.config.text(path) for path in OWN_FILES if path in state.config.files)
    text = _bounded(state, proxy.path, without_new_listeners(files[proxy.path], standing))
    own = {} if _stands(state, proxy.path, text) else {proxy.path: text.encode()}
    unit = limits(state, connections)
    if (
        not (own or unit or proxy.edits or proxy.dropped)
        and _runs(state, proxy.path, text)
        and may_open(state, connections)
    ):
        host.noop("nginx passes on the endpoint's port")
        return
    variables = {
        "CONFIG": NGINX_CONFIG,
        "COPY": NGINX_CONFIG + _SUFFIX,
        "DROP_IN": LIMITS_DROP_IN,
        "ERROR_LOG": _error_log(state),
        "FILES": str(files_needed(connections) or ""),
        "FOLDER": _FOLDER,
        "HOST": host.name,
        "PORT": str(port),
        "RECORD": RECORD,
        "SECONDS_TO_END": str(2 * SECONDS_TO_SHUT_DOWN) if ends_former else "",
        "SECONDS_TO_LISTEN": str(SECONDS_TO_LISTEN),
    }
    scripts = map(read_file, ("nginx-listens.sh", "keep-unit-state.sh", "nginx-configure.sh"))
    yield StringCommand(
        shell_variables(variables) + "".join(scripts),
        _stdin="".join(f"{line}\n" for line in _lines(state, proxy, own, unit)),
    )


def _bounded(state: NginxState, path: str, text: str) -> str:
    """The file's text, with what ends former workers in time where it is read at the top level.

    Not where nginx passes on something else: connections of the owner's are to end by themselves.
    """
    owners = {entry.directive.name for entry in state.config.walk() if entry.path not in OWN_FILES}
    if path != PROXY_CONFIG or any(name == _BOUND or name.endswith("_pass") for name in owners):
        return text
    head, _, rest = text.partition("\n")
    return f"{head}\n{_BOUND} {SECONDS_TO_SHUT_DOWN}s;\n{rest}"


def _stands(state: NginxState, path: str, text: str) -> bool:
    return state.own.get(path) == OwnFile(hashlib.sha256(text.encode()).hexdigest(), "644", "root:root")


def _runs(state: NginxState, path: str, text: str) -> bool:
    """Whether nginx runs, at boots too, with everything that it would read now."""
    known = {f"config={hashlib.sha256(state.dump).hexdigest()}"}
    # What earlier releases recorded: the one file of theirs.
    known.add("reload=" + hashlib.sha256(f"{path}\0{text}".encode()).hexdigest())
    is_up = state.is_active and bool(state.listens) and state.unit.get("UnitFileState") == "enabled"
    return is_up and bool(state.is_valid) and state.record in known


def _lines(state: NginxState, proxy: Proxy, own: Mapping[str, bytes], unit: Mapping[str, str]) -> Iterator[str]:
    """What nginx-configure.sh reads.

    + own, unit: this package's files that are to be written, nginx's and its unit's
    """
    config = state.config
    changed: dict[str, bytes | None] = {**proxy.edits, **own, **dict.fromkeys(proxy.dropped)}
    for copy, (path, text) in copies(config, changed, _FOLDER, _SUFFIX).items():
        yield f"copy {path} {copy} {_encoded(text.encode('latin-1'))}"
    for path, content in proxy.edits.items():
        yield f"edit {path} {hashlib.sha256(config.files[path]).hexdigest()} {_encoded(content)}"
    for path, content in {**own, **{path: text.encode() for path, text in unit.items()}}.items():
        yield f"own {path} - {_encoded(content)}"
    for path in proxy.dropped:
        yield f"drop {path} - -"
    yield "end"


def _encoded(content: bytes) -> str:
    return b64encode(content).decode()


def _error_log(state: NginxState) -> str:
    """Where nginx says why it does not take a new configuration."""
    logs = [
        entry.directive.arguments[0]
        for entry in state.config.walk()
        if entry.directive.name == "error_log" and not entry.blocks and entry.directive.arguments
    ]
    return logs[0] if logs else "/var/log/nginx/error.log"
