"""The reports that simulated runs leave, held against their schema and searched for secrets."""

from __future__ import annotations

import json
import os
from typing import Any

from jsonschema import Draft202012Validator

from k8s_ha.reporting.report import SCHEMA_FILE
from k8s_ha.resources import read_file
from tests.support.fakes.run import Outcome
from tests.support.fakes.scenario import ADDRESSES, SETTINGS, Scenario
from tests.support.paths import RECORDED

SCHEMA = Draft202012Validator(json.loads(read_file(SCHEMA_FILE)))
PREFLIGHT = (RECORDED / "errors/kubeadm-init-preflight.txt").read_text(encoding="utf-8").splitlines()
PASSWORD, MIRROR_PASSWORD, PATCHED = "open-sesame", "hush-hush", "oidc-whisper"
MIRROR_VARIABLE = "K8S_HA_TEST_MIRROR_PASSWORD"
os.environ[MIRROR_VARIABLE] = MIRROR_PASSWORD
PHASES = [
    "Prepare the host",
    "Set up the repositories",
    "Install the container runtime",
    "Set up the load balancer",
    "Install the Kubernetes packages",
    "Change the standing cluster",
    "Bring up the control plane",
    "Join the workers",
    "Set up the pod network",
    "Keep backups of the cluster",
    "Verify the cluster",
]
"""In the order of execution: the load balancer's chain is short, so that its phase comes early."""


def scenario(**changed: Any) -> Scenario:
    """A scenario with secrets wherever a user may put one."""
    settings = {
        **SETTINGS,
        "mirror": {
            "kubernetes_baseurl": "https://mirror.example/v{minor}/rpm/",
            "kubernetes_gpgkey": "https://mirror.example/key",
            "credentials": {"https://mirror.example": {"username": "ci", "password_env": MIRROR_VARIABLE}},
        },
        "kubeadm_patches": {"ClusterConfiguration": {"apiServer": {"extraArgs": {"oidc-client-secret": PATCHED}}}},
    }
    data = {host: {"_sudo_password": PASSWORD} for host in ADDRESSES}
    return Scenario(**{"settings": settings, "host_data": data} | changed)


def the_report(outcome: Outcome) -> dict[str, Any]:
    """The run's only report; it fits the schema and holds no secret."""
    (report,) = outcome.reports
    checked(report)
    return report


def checked(report: dict[str, Any], *secrets: str) -> None:
    assert [error.message for error in SCHEMA.iter_errors(report)] == []
    text = json.dumps(report)
    assert [word for word in (PASSWORD, MIRROR_PASSWORD, PATCHED, *secrets) if word in text] == []


def changed(report: dict[str, Any], phase: str) -> dict[str, int]:
    """How many operations changed something in a phase, by host."""
    changes = [entry for entry in report["changes"] if entry["phase"] == phase]
    return {entry["host"].removeprefix("@fake/"): len(entry["operations"]) for entry in changes}
