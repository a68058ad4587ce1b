"""What a reset finds on the simulated hosts, and takes from them."""

from __future__ import annotations

import base64
import re
from typing import Final

from k8s_ha.observations.host_status import PROXY_CONFIG
from tests.support.fakes.request import Request
from tests.support.fakes.world import KUBELET, VIRGIN_FILES

OURS: Final = ("/var/lib/k8s-ha/", "/etc/yum.repos.d/", "/etc/containerd/", "/etc/crictl.yaml", "/etc/sysctl.d/")
OURS_TOO: Final = ("/etc/modules-load.d/", "/etc/nginx/conf.d/", "/root/.kube/")
KEPT: Final = "/var/lib/k8s-ha/backups/"
BEGIN: Final = "# BEGIN k8s_ha\n"
NAMING: Final = {PROXY_CONFIG: r"^ *server ([0-9.]+):", "/etc/hosts": r"^(10\.[0-9.]+) "}
"""By path, the addresses that make a file one of a cluster's."""


def _held(request: Request) -> list[str]:
    return [path for path in request.machine.files if path.startswith((*OURS, *OURS_TOO)) and not path.startswith(KEPT)]


def remains(request: Request) -> list[str]:
    """What is there of this package's, by path."""
    files = request.machine.files
    lines = [f"due {path}" for path in _held(request)]
    lines += [f"reset {text.strip()}" for path, text in files.items() if path == "/var/lib/k8s-ha/reset"]
    lines += ["due nginx.service"] * ("/var/lib/k8s-ha/nginx.service.digest" in files)
    lines += ["left swap: nothing tells what it was before; it is off"] * bool(_held(request))
    lines += ["due /etc/hosts"] * (BEGIN in files["/etc/hosts"])
    lines += [
        f"names {path} {' '.join(re.findall(pattern, files[path], re.M))}"
        for path, pattern in NAMING.items()
        if path in files
    ]
    return [*lines, f"content /etc/hosts {base64.b64encode(files['/etc/hosts'].encode()).decode()}"]


def taken_back(request: Request) -> list[str]:
    machine = request.machine
    for path in _held(request):
        machine.files.pop(path)
    for unit in (KUBELET, "nginx.service", "containerd.service"):
        for units in (machine.active, machine.enabled):
            if unit in units:
                units.remove(unit)
    machine.write("/etc/nginx/nginx.conf", VIRGIN_FILES["/etc/nginx/nginx.conf"])
    return []
