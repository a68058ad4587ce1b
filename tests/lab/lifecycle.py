"""A whole lab: up, down, and what is left of one."""

import dataclasses
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.lab import LabError, access, build, hosts, machine, network, services, state
from tests.lab.build import Contents
from tests.lab.topology import Topology

Progress = Callable[[str], None]


def up(topology: Topology, contents: Contents, progress: Progress = print) -> None:
    """Build what is missing and boot every host; return when all of them answer SSH.

    + contents: its lines are versions, the newest last
    A lab that is up and whole stays as it is. The remains of one whose processes died are cleaned away first.
    """
    machine.check()
    with state.locked():
        lab = state.load()
        if lab and _whole(lab):
            if (lab.topology, lab.contents) != (topology, contents):
                raise LabError(f"a lab with another topology or other contents is up ({lab}); run down first")
            progress(f"the lab is up already: {len(topology.hosts)} hosts")
            return
        if lab or leftovers():
            progress("cleaning up the remains of an earlier lab")
            _clean()
        machine.check_disk()
        artifacts = build.build(topology.flavours, contents, progress)
        begun = time.monotonic()
        lab = state.State(topology, artifacts, contents, ready=False)
        state.save(lab)
        machine.prepare()
        network.create()
        services.start(artifacts)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda host: hosts.create(host, artifacts), topology.hosts))
        access.write_files(topology, artifacts.ssh_key)
        for host in topology.hosts:
            hosts.start(host)
        hosts.wait_for_ssh(topology.hosts)
        state.save(dataclasses.replace(lab, ready=True))
        progress(f"{len(topology.hosts)} hosts answer SSH after {time.monotonic() - begun:.1f} s")


def down(progress: Progress = print) -> None:
    """End the lab and put the machine back as it was; fine after an interrupted `up`, and when nothing is up."""
    with state.locked():
        begun = time.monotonic()
        _clean()
        if left := leftovers():
            raise LabError(f"not everything could be put back: {'; '.join(left)}")
        progress(f"the lab is down after {time.monotonic() - begun:.1f} s, and the machine as it was before")


def new_disk(name: str, flavour: str | None, progress: Progress = print) -> None:
    """Put a blank disk into a host that is off, as if it had been replaced; with another Enterprise Linux if named."""
    machine.check()
    with state.locked():
        lab = state.current()
        if flavour is not None:
            lab = _with_flavour(lab, name, flavour, progress)
        hosts.new_disk(lab.topology.host(name), lab.artifacts)
        state.save(lab)
        access.write_files(lab.topology, lab.artifacts.ssh_key)  # it has host keys of its own


def _with_flavour(lab: state.State, name: str, flavour: str, progress: Progress) -> state.State:
    old = lab.topology.host(name)
    changed = [dataclasses.replace(host, flavour=flavour) if host is old else host for host in lab.topology.hosts]
    flavours = lab.artifacts.flavours | build.build([flavour], lab.contents, progress).flavours
    artifacts = dataclasses.replace(lab.artifacts, flavours=flavours)
    return dataclasses.replace(lab, topology=Topology(tuple(changed)), artifacts=artifacts)


def status() -> list[str]:
    """One line for each host and service of the lab, or for everything that a lab has left behind."""
    lab = state.load()
    if lab is None:
        return [f"left over: {line}" for line in leftovers()] or ["no lab is up, and none has left anything behind"]
    rows = [
        *(
            (host.name, hosts.status(host), f"{host.address} {','.join(host.groups)} {host.flavour}")
            for host in lab.topology.hosts
        ),
        *((name, status, "service") for name, status in services.status().items()),
    ]
    lines = [f"{name:<12} {status:<8} {remark}" for name, status, remark in rows]
    return lines if lab.ready else [*lines, "up did not finish: run up again, or down"]


def leftovers() -> list[str]:
    """What a lab that is up, or died, has on the machine; empty when the machine is as before any lab."""
    return [
        *machine.leftovers(),
        *(f"network namespace {name}" for name in network.existing()),
        *(f"folder {path}" for path in (state.HOSTS,) if path.exists()),
    ]


def _whole(lab: state.State) -> bool:
    dead = [name for name, status in services.status().items() if status == "dead"]
    dead += [host.name for host in lab.topology.hosts if hosts.status(host) == "dead"]
    return lab.ready and not dead


def _clean() -> None:
    machine.end_processes("")
    network.remove()
    machine.restore()
    state.forget()
