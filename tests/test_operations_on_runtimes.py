"""Operations on container runtimes: arguments and facts in, exact commands out, on a host that is no node yet."""

from __future__ import annotations

import json
from typing import Any

import pytest

from k8s_ha.facts.system import Content, Files, Packages, PackagesState, Service, ServiceState
from k8s_ha.operations.commands import long_command, write
from k8s_ha.operations.containerd import containerd_running
from k8s_ha.operations.cri_dockerd import cri_dockerd_installed
from k8s_ha.operations.docker import docker_running
from k8s_ha.resources import read_file, render
from k8s_ha.run import Run
from tests.cluster_stage import CLUSTER
from tests.operation_bench import Bench, Command, Facts, Noop, Row, Step, command, held, refusal, test_of
from tests.services import act, as_written, forget, sha256
from tests.surveys import survey

RUN = Run(CLUSTER, surveys={"worker1": survey()})
LOGS = {"log-driver": "json-file", "log-opts": {"max-size": "100m", "max-file": "3"}}
SYSTEMD, CGROUPFS = ["native.cgroupdriver=systemd"], ["native.cgroupdriver=cgroupfs"]
MIRROR, OTHER = ["https://one.example"], ["https://two.example"]


def daemon_json(exec_opts: list[str] = SYSTEMD, mirrors: list[str] | None = None, **more: Any) -> str:
    document = {"exec-opts": exec_opts, **LOGS, **({"registry-mirrors": mirrors} if mirrors else {}), **more}
    return json.dumps(document, indent=2) + "\n"


WANTED = daemon_json(mirrors=MIRROR)
LASTING = (
    '{"exec-opts": ["native.cgroupdriver=systemd"], "log-driver": "json-file", '
    '"log-opts": {"max-file": "3", "max-size": "100m"}}'
)


def digest(text: str = WANTED, lasting: str = LASTING) -> str:
    return f"restart={sha256(lasting)} reload={sha256(text)}"


def docker(text: str, record: str | None, active: bool = True, enabled: bool = True) -> Facts:
    """A host with this daemon.json, empty for none, and this record of what dockerd read."""
    files = {"/etc/docker/daemon.json": as_written(text)} if text else {}
    return {Content: text.encode(), Service: ServiceState(True, active, enabled, record, files)}


def docker_changed(action: str, text: str = WANTED, written: bool = True, record: str = digest()) -> list[Step]:
    changed = [forget("docker.service"), command(write("/etc/docker/daemon.json", text))] if written else []
    return [*changed, act("docker.service", action, record)]


WISH = {"run": RUN, "registry_mirrors": MIRROR}
NO_WISH = {"run": RUN, "registry_mirrors": None}
NO_MIRROR = {"run": RUN, "registry_mirrors": []}
BARE = daemon_json()
OWN = daemon_json(mirrors=MIRROR, **{"data-root": "/data"})
OWN_LASTING = LASTING.replace('{"exec-opts"', '{"data-root": "/data", "exec-opts"')
RUNS = [Noop("docker.service runs with this configuration")]
DOCKER_ROWS: dict[str, Row] = {
    "Docker on a virgin host": (
        docker_running,
        WISH,
        docker("", None, active=False, enabled=False),
        docker_changed("start"),
    ),
    "Docker as the package starts it": (docker_running, WISH, docker("", None), docker_changed("restart")),
    "Docker that runs": (docker_running, WISH, docker(WANTED, digest()), RUNS),
    "Docker not enabled": (
        docker_running,
        WISH,
        docker(WANTED, digest(), enabled=False),
        docker_changed("", written=False),
    ),
    "Docker that stopped": (
        docker_running,
        WISH,
        docker(WANTED, digest(), active=False),
        docker_changed("start", written=False),
    ),
    "another mirror is read without a restart": (
        docker_running,
        WISH,
        docker(daemon_json(mirrors=OTHER), digest(daemon_json(mirrors=OTHER))),
        docker_changed("reload"),
    ),
    "mirrors that nobody speaks of stay": (docker_running, NO_WISH, docker(WANTED, digest()), RUNS),
    "mirrors are taken away": (
        docker_running,
        NO_MIRROR,
        docker(WANTED, digest()),
        docker_changed("reload", BARE, record=digest(BARE)),
    ),
    "a mirror written, and the run cut off before the reload": (
        docker_running,
        WISH,
        docker(WANTED, digest(daemon_json(mirrors=OTHER))),
        docker_changed("reload", written=False),
    ),
    "a cgroup driver written, and the run cut off before the restart": (
        docker_running,
        WISH,
        docker(WANTED, None),
        docker_changed("restart", written=False),
    ),
    "a cgroup driver changed by hand": (
        docker_running,
        WISH,
        docker(daemon_json(CGROUPFS, MIRROR), digest()),
        docker_changed("restart"),
    ),
    "a cgroup driver and a mirror changed at once": (
        docker_running,
        WISH,
        docker(daemon_json(CGROUPFS, OTHER), digest()),
        docker_changed("restart"),
    ),
    "the same settings written otherwise": (
        docker_running,
        WISH,
        docker(WANTED.replace("  ", "\t"), digest()),
        docker_changed("reload"),
    ),
    "a user's own setting stays": (
        docker_running,
        WISH,
        docker(OWN.replace("systemd", "cgroupfs"), digest()),
        docker_changed("restart", OWN, record=digest(OWN, OWN_LASTING)),
    ),
    "a broken daemon.json": (
        docker_running,
        WISH,
        docker('{"data-root": }', digest()),
        [
            refusal(
                "worker1: /etc/docker/daemon.json is not JSON: Expecting value in line 1, column 15; repair it or "
                "remove it, then run this again."
            )
        ],
    ),
    "a daemon.json that dockerd would refuse": (
        docker_running,
        WISH,
        docker('{"registry-mirrors": "https://one.example"}', digest()),
        [
            refusal(
                "worker1: /etc/docker/daemon.json has \"https://one.example\" as 'registry-mirrors', which must be "
                "a list; repair it or remove it, then run this again."
            )
        ],
    ),
}

CONFIG = "/etc/containerd/config.toml"
TOML = {major: render(f"containerd-{major}.toml.j2", pause_image="registry.k8s.io/pause:3.9") for major in (1, 2)}


def containerd(version: str, text: str, read: str | None, active: bool = True) -> Facts:
    """A host with this package and config.toml, each empty for none, and the text that containerd last read."""
    files = {CONFIG: as_written(text)} if text else {}
    record = f"restart={sha256(read)}" if read else None
    state = ServiceState(True, active, active, record, files)
    return {Packages: PackagesState({"containerd.io": version} if version else {}), Service: state}


def containerd_changed(action: str, major: int, written: bool = True) -> list[Step]:
    changed = [forget("containerd.service"), command(write(CONFIG, TOML[major]))] if written else []
    return [*changed, act("containerd.service", action, f"restart={sha256(TOML[major])}")]


WISH_1, WISH_2 = ({"run": RUN, "expected_major": major} for major in (1, 2))
CONTAINERD_ROWS: dict[str, Row] = {
    "containerd 1 where none is installed yet": (
        containerd_running,
        WISH_1,
        containerd("", "", None, active=False),
        containerd_changed("start", 1),
    ),
    "containerd 2 where none is installed yet": (
        containerd_running,
        WISH_2,
        containerd("", "", None, active=False),
        containerd_changed("start", 2),
    ),
    "the installed containerd counts": (
        containerd_running,
        WISH_2,
        containerd("1.6.33-3.1.el7", "", None, active=False),
        containerd_changed("start", 1),
    ),
    "containerd 2 with the package's configuration": (
        containerd_running,
        WISH_2,
        containerd("2.2.6-1.el8", 'disabled_plugins = ["cri"]\n', None),
        containerd_changed("restart", 2),
    ),
    "containerd that runs": (
        containerd_running,
        WISH_1,
        containerd("1.6.33-3.1.el7", TOML[1], TOML[1]),
        [Noop("containerd.service runs with this configuration")],
    ),
    "containerd 1 replaced by 2": (
        containerd_running,
        WISH_2,
        containerd("2.2.6-1.el8", TOML[1], TOML[1]),
        containerd_changed("restart", 2),
    ),
    "a configuration changed by hand": (
        containerd_running,
        WISH_1,
        containerd("1.6.33-3.1.el7", "version = 2\n", TOML[1]),
        containerd_changed("restart", 1),
    ),
    "a configuration written, and the run cut off before the restart": (
        containerd_running,
        WISH_1,
        containerd("1.6.33-3.1.el7", TOML[1], None),
        containerd_changed("restart", 1, written=False),
    ),
    "a containerd that nobody knows yet": (
        containerd_running,
        WISH_2,
        containerd("3.0.0-1.el10", "", None),
        [refusal("worker1: containerd.io 3.0.0-1.el10 is installed; 1.x and 2.x are supported; install one of them.")],
    ),
}

ARCHIVE = {"url": "https://mirror.example/cri dockerd.tgz", "sha256": "0e" * 32}
PROGRAM = {"/usr/bin/cri-dockerd": as_written("program", "755")}
INSTALL = command(
    long_command(
        "install-cri-dockerd",
        "mkdir -p -m 755 /var/lib/k8s-ha\n"
        f"HOST=worker1\nARCHIVE='https://mirror.example/cri dockerd.tgz'\nSHA256={'0e' * 32}\n"
        + read_file("yum-options.sh")
        + read_file("install-cri-dockerd.sh"),
        seconds=1000,
    )
)
CRI_DOCKERD_ROWS: dict[str, Row] = {
    "no cri-dockerd": (cri_dockerd_installed, ARCHIVE, {Files: {}, Content: b""}, [INSTALL]),
    "the wanted cri-dockerd": (
        cri_dockerd_installed,
        ARCHIVE,
        {Files: PROGRAM, Content: b"0e" * 32 + b"\n"},
        [Noop("cri-dockerd is installed")],
    ),
    "another cri-dockerd": (cri_dockerd_installed, ARCHIVE, {Files: PROGRAM, Content: b"0f" * 32 + b"\n"}, [INSTALL]),
    "a cri-dockerd of somebody else": (cri_dockerd_installed, ARCHIVE, {Files: PROGRAM, Content: b""}, [INSTALL]),
    "a cri-dockerd that was removed": (
        cri_dockerd_installed,
        ARCHIVE,
        {Files: {}, Content: b"0e" * 32 + b"\n"},
        [INSTALL],
    ),
}

test_operations = test_of(DOCKER_ROWS | CONTAINERD_ROWS | CRI_DOCKERD_ROWS)


WRITING = {
    name: (arguments, steps)
    for name, (_, arguments, _, steps) in DOCKER_ROWS.items()
    if steps[0] == forget("docker.service")
}


@pytest.mark.parametrize(("arguments", "steps"), WRITING.values(), ids=WRITING)
def test_what_was_written_and_recorded_is_what_the_next_run_wants(
    bench: Bench, arguments: dict[str, Any], steps: list[Command]
) -> None:
    _, written, last = steps
    record = last.text.split("echo ")[1].split(" >")[0]
    assert bench.steps(docker_running, facts=docker(held(written), record), **arguments) == RUNS
