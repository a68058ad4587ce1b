"""Docker, configured beside what its user has configured, in daemon.json or by flags of its unit."""

from __future__ import annotations

import json
import shlex
from collections.abc import Generator, Sequence
from typing import Final

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.desired import daemon_json
from k8s_ha.facts.fact_batch import FactRequest
from k8s_ha.facts.runtime import RuntimeService
from k8s_ha.facts.system import Content
from k8s_ha.observations import dockerd_flags
from k8s_ha.observations.dockerd_flags import CONFIG, Flags
from k8s_ha.observations.runtimes import LARGEST
from k8s_ha.operations.commands import edited, fail_host
from k8s_ha.operations.files import Change
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.prefetch import reads
from k8s_ha.operations.restarts import carried_out_in_turn
from k8s_ha.operations.runtimes import Replacement, RuntimePlan, checked, recorded, sha256
from k8s_ha.run import Run

UNIT: Final = "docker.service"


@reads(lambda run, registry_mirrors: [FactRequest(RuntimeService, {"unit": UNIT, "config": CONFIG})])
@isolated_operation
def running(run: Run, registry_mirrors: Sequence[str] | None) -> Generator[StringCommand]:
    """Have dockerd run with systemd's cgroup driver, rotated logs and the mirrors; a user's other settings stay.

    What the user has set by flags of dockerd is left to these, since dockerd starts with neither where both set it.
    Changed mirrors are read without a restart, so that no container notices.

    + registry_mirrors: of Docker Hub; None leaves those that are there
    """
    current, found = require_fact(RuntimeService, unit=UNIT, config=CONFIG)
    flags = dockerd_flags.of_unit(found.unit(UNIT))
    if flags.config in found.unread:
        yield fail_host(
            f"{host.name}: {flags.config} is larger than {LARGEST} bytes; no daemon.json is; repair it or remove it, "
            "then run this again."
        )
        return
    held = found.configs.get(CONFIG, b"") if flags.config == CONFIG else require_fact(Content, path=flags.config)
    try:
        wanted = daemon_json.merged(held, registry_mirrors, flags)
    except daemon_json.Unusable as unusable:
        yield fail_host(f"{host.name}: {unusable}.")
        return
    drifted: set[Change] = set()
    if wanted != held:
        # A dockerd that runs with a flag that its unit no longer has would refuse to reload the same key of the file.
        by_flag = set(dockerd_flags.of_process(found.unit(UNIT)).by_key) & set(daemon_json.RELOADABLE)
        drifted.add("restart" if by_flag or daemon_json.needs_a_restart(held, wanted) else "reload")
    known = recorded(current)
    plan = RuntimePlan(
        UNIT,
        {flags.config: Replacement(wanted, edited(flags.config, held, wanted))} if wanted != held else {},
        {
            "restart": sha256(f"{daemon_json.CGROUP_DRIVER}=systemd".encode()),
            "reload": sha256(json.dumps(daemon_json.texts(wanted, "registry-mirrors")).encode()),
        },
        # Any record tells that dockerd was restarted after the last change of what it reads at its start only.
        {"restart": [known["restart"]] if "restart" in known else [], "reload": [sha256(wanted)]},
        (_check(flags, wanted),),
        _answers(flags, wanted),
    )
    yield from carried_out_in_turn(run, "Docker", plan, current, drifted)


def _check(flags: Flags, wanted: bytes) -> StringCommand:
    words = " ".join(shlex.quote(word) for word in flags.words)
    return checked("check-docker.sh", wanted, TARGET=flags.config, PROGRAM=flags.program, WORDS=words)


def _answers(flags: Flags, wanted: bytes) -> str:
    """Whether dockerd answers at the socket that the kubelet asks, and with the kubelet's cgroup driver."""
    hosts = flags.by_key["hosts"].values if "hosts" in flags.by_key else daemon_json.texts(wanted, "hosts")
    if hosts and not {"fd://", "unix://", "unix:///var/run/docker.sock", "unix:///run/docker.sock"} & set(hosts):
        return "true"
    return "[ \"$(docker -H unix:///var/run/docker.sock info -f '{{.CgroupDriver}}')\" = systemd ]"
