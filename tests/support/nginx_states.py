"""nginx as it stands on a load balancer, for tests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from k8s_ha.observations.nginx import NginxState, OwnFile
from tests.support.operation_bench import NGINX_CONFIG

MAIN: Final = "/etc/nginx/nginx.conf"
OWN: Final = "/etc/nginx/conf.d/tcp.d/kube-api-server.conf"
SHARED: Final = "/etc/nginx/k8s-ha/kube-api-server.conf"
_HEAD: Final = "# Written by k8s_ha; changes are overwritten.\n"
_STREAM: Final = "stream { server { listen 6443; } }\n"
OWN_TEXT: Final = f"{_HEAD}worker_shutdown_timeout 10s;\n{_STREAM}"
SHARED_TEXT: Final = "# Written by k8s_ha; changes are overwritten.\nserver { listen 6443; }\n"
FILES: Final = {OWN: _HEAD + _STREAM, SHARED: SHARED_TEXT}
LINE: Final = "include /etc/nginx/conf.d/tcp.d/*.conf;"
MODULES: Final = "include /usr/share/nginx/modules/*.conf;"
CONFIGURED: Final = NGINX_CONFIG.replace(f"{MODULES}\n", f"{MODULES}\n{LINE}\n")
BUILD: Final = (
    "nginx version: nginx/1.20.1\nconfigure arguments: --prefix=/usr --with-stream=dynamic --with-stream_ssl_module"
)
UNIT: Final = {
    "LoadState": "loaded",
    "ActiveState": "active",
    "UnitFileState": "enabled",
    "ExecStart": "{ path=/usr/sbin/nginx ; argv[]=/usr/sbin/nginx ; ignore_errors=no ; }",
}


def dump(files: Mapping[str, str]) -> bytes:
    """What ``nginx -T`` prints of files that it takes."""
    said = f"nginx: the configuration file {MAIN} syntax is ok\nnginx: configuration file {MAIN} test is successful\n"
    return said.encode() + b"".join(f"# configuration file {path}:\n{text}\n".encode() for path, text in files.items())


def state(files: Mapping[str, str] | None = None, *, refused: str = "", unit: Any = None, **changed: Any) -> NginxState:
    """An nginx that runs with files, and with this package's packages.

    + files: what nginx reads, by path
    + refused: what nginx says against them
    + unit: properties that differ
    """
    files = {MAIN: NGINX_CONFIG} if files is None else files
    answer = dump(files)
    values: dict[str, Any] = {
        "build": BUILD,
        "program": "/usr/sbin/nginx",
        "unit": UNIT | (unit or {}),
        "answer": f"nginx: [emerg] {refused}\nnginx: configuration file {MAIN} test failed\n".encode()
        if refused
        else answer,
        "walked": {path: text.encode() for path, text in files.items()} if refused else {},
        "own": {path: own(text) for path, text in files.items() if path in FILES},
        "listens": OWN in files or SHARED in files,
    }
    recorded = NginxState(answer=answer).dump
    return NginxState(**{**values, "record": f"config={hashlib.sha256(recorded).hexdigest()}", **changed})


def own(text: str, mode: str = "644") -> OwnFile:
    """A file of this package's as it stands."""
    return OwnFile(hashlib.sha256(text.encode()).hexdigest(), mode, "root:root")
