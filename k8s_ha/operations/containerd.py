"""containerd, whose configuration differs between its majors."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.desired.containerd_config import CONFIG
from k8s_ha.facts.fact_batch import FactRequest
from k8s_ha.facts.system import Packages, Service
from k8s_ha.operations.commands import fail_host, write
from k8s_ha.operations.files import Change, changed_files
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.packages import require_packages
from k8s_ha.operations.prefetch import reads
from k8s_ha.operations.restarts import carried_out_in_turn
from k8s_ha.operations.runtimes import Replacement, RuntimePlan, checked, sha256
from k8s_ha.resources import render
from k8s_ha.run import Run
from k8s_ha.untrusted import whole_number

UNIT: Final = "containerd.service"
TEMPLATES: Final = {1: "containerd-1.toml.j2", 2: "containerd-2.toml.j2"}
"""Template by containerd major (containerd's docs/cri/config.md): configuration version 2 until 1.7, 3 from 2.0."""
ANSWERS: Final = "ctr plugins ls | grep -Eq '^io\\.containerd\\.grpc\\.v1 +cri .* ok *$'"
"""That containerd answers, and that what the kubelet asks is loaded: it also runs with a CRI plugin that failed."""


@reads(
    lambda run, expected_major: [
        FactRequest(Packages, {"names": ["containerd.io"]}),
        FactRequest(Service, {"unit": UNIT, "paths": [CONFIG]}),
    ]
)
@isolated_operation
def running(run: Run, expected_major: int) -> Generator[StringCommand]:
    """Have containerd run with systemd's cgroup driver, the pause image set, and its CRI plugin not disabled.

    Without the pause image containerd pulls its own default, from a registry that may be out of reach.

    + expected_major: the major that will be installed, where it is asked before that
    """
    version = require_packages(["containerd.io"]).installed.get("containerd.io")
    major = whole_number(version.partition(".")[0]) if version else expected_major
    if major is None or major not in TEMPLATES:
        yield fail_host(
            f"{host.name}: containerd.io {version} is installed; 1.x and 2.x are supported; install one of them."
        )
        return
    text = render(TEMPLATES[major], pause_image=run.cluster.pause_image)
    current = require_fact(Service, unit=UNIT, paths=[CONFIG])
    changed = changed_files(current, {CONFIG: text})
    content = text.encode()
    plan = RuntimePlan(
        UNIT,
        {path: Replacement(content, write(path, text)) for path in changed},
        {"restart": sha256(content)},
        checks=(checked("check-containerd.sh", content, TARGET=CONFIG),),
        answers=ANSWERS,
    )
    drifted: set[Change] = {"restart"} if changed else set()
    yield from carried_out_in_turn(run, "containerd", plan, current, drifted)
