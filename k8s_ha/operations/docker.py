"""Docker, configured beside what its user has configured."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Final

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha import daemon_json
from k8s_ha.facts.system import Content, Service
from k8s_ha.operations.commands import refuse
from k8s_ha.operations.files import Change, ServicePlan, changed_files
from k8s_ha.operations.guarded import guarded, look
from k8s_ha.operations.restarts import carried_out_in_turn
from k8s_ha.run import Run

CONFIG: Final = "/etc/docker/daemon.json"
UNIT: Final = "docker.service"


@guarded
def docker_running(run: Run, registry_mirrors: Sequence[str] | None) -> Generator[StringCommand]:
    """Have dockerd run with systemd's cgroup driver, rotated logs and the mirrors; a user's other settings stay.

    Changed mirrors are read without a restart, so that no container notices.

    + registry_mirrors: of Docker Hub; None leaves those that are there
    """
    held = look(Content, path=CONFIG)
    try:
        text = held.decode()
        wanted = daemon_json.merged(text, registry_mirrors)
    except ValueError as error:
        yield refuse(f"{host.name}: {CONFIG} {error}; repair it or remove it, then run this again.")
        return
    files = {CONFIG: wanted}
    lasting = daemon_json.without_reloadable(wanted)
    plan = ServicePlan(UNIT, files, {"restart": lasting, "reload": wanted})
    current = look(Service, unit=UNIT, paths=sorted(files))
    drifted: set[Change] = set()
    if changed_files(current, files):
        drifted.add("reload" if daemon_json.without_reloadable(text) == lasting else "restart")
    yield from carried_out_in_turn(run, "Docker", plan, current, drifted)
