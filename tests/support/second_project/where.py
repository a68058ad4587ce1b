"""The project's hosts and settings: fake ones, or those of the JSON file that PROJECT_HOSTS names.

The file holds {"groups": {"masters": [[NAME, DATA], …], "nodes": …, "balancers": …, "people": …}, "settings": {…}}.
"""

import json
import os
from pathlib import Path
from typing import Any

from k8s_ha.facts.answers import FIRST, LAST
from k8s_ha.operations.login import READ

SURVEY = "uid 0\nos_id rocky\nos_like rhel centos fedora\nos_version 8.10\narchitecture x86_64\nhostname any\n"
LOOK = f"cpus 2\nmemory 4194304\nno_curl yes\nnode {FIRST}\nnode {LAST} 0"
ANSWERS = {
    READ: SURVEY,
    "FOLDERS=": LOOK,
    "bootstrap-kubelet.conf": "",
    "getenforce": "selinux Enforcing\nselinux_configured enforcing",
    "systemctl show -p": "LoadState=loaded\nActiveState=inactive\nUnitFileState=disabled",
    'echo "current ': "current any",
    FIRST: "",
}
"""What a fake clean host tells, by a part of the command that asks."""
WHOLE = {asked: f"{FIRST}\n{answer}\n{LAST} 0" for asked, answer in ANSWERS.items()}


def _fake(name: str, address: str) -> tuple[str, dict[str, Any]]:
    data = {"k8s_ha_host": {"hostname": name, "address": address}, "fake_responses": WHOLE}
    return f"@fake/{name}", data | {"fake_delay": 0, "fake_delay_jitter": 0}


_GIVEN = json.loads(Path(os.environ["PROJECT_HOSTS"]).read_text("utf-8")) if "PROJECT_HOSTS" in os.environ else {}
GROUPS: dict[str, list[Any]] = _GIVEN.get("groups") or {
    "masters": [_fake("m1", "10.0.11.18"), _fake("m2", "10.0.12.55"), _fake("m3", "10.0.13.22")],
    "nodes": [_fake("n1", "10.0.12.16"), _fake("n2", "10.0.13.37")],
    "balancers": [_fake("lb", "10.0.1.157")],
    "people": [],
}
SETTINGS: dict[str, Any] = _GIVEN.get("settings") or {"kubernetes_version": "1.30.14", "flannel_backend": "host-gw"}
ROLES = {"control_plane": "masters", "worker": "nodes", "load_balancer": "balancers", "admin": "people"}
