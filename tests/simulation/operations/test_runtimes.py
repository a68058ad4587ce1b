"""Operations on container runtimes: arguments and facts in, exact commands out, on a host that is no node yet."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest

from k8s_ha.facts.runtime import RuntimeService
from k8s_ha.facts.system import Content, Files, Packages, PackagesState, Service, ServiceState
from k8s_ha.observations.runtimes import RuntimeState
from k8s_ha.observations.service_command import UnitLook
from k8s_ha.operations.commands import edited, long_command, write
from k8s_ha.operations.containerd import running as containerd_running
from k8s_ha.operations.cri_dockerd import installed as cri_dockerd_installed
from k8s_ha.operations.cri_dockerd import running as cri_dockerd_running
from k8s_ha.operations.docker import running as docker_running
from k8s_ha.operations.runtimes import checked
from k8s_ha.resources import read_file, render
from k8s_ha.run import Run
from tests.support.cluster_stage import CLUSTER
from tests.support.operation_bench import Bench, Command, Facts, Noop, Row, Step, command, refusal, test_of
from tests.support.services import as_written, change, keep, sha256
from tests.support.surveys import survey

RUN = Run(CLUSTER, surveys={"worker1": survey()})
LOGS = {"log-driver": "json-file", "log-opts": {"max-size": "100m", "max-file": "3"}}
SYSTEMD, CGROUPFS = ["native.cgroupdriver=systemd"], ["native.cgroupdriver=cgroupfs"]
MIRROR, OTHER = ["https://one.example"], ["https://two.example"]
DAEMON_JSON = "/etc/docker/daemon.json"


def with_mirrors(text: str) -> str:
    """daemon.json with a mirror behind everything else."""
    return text.removesuffix("\n}\n") + ',\n  "registry-mirrors": [\n    "https://one.example"\n  ]\n}\n'


def daemon_json(exec_opts: list[str] = SYSTEMD, mirrors: list[str] | None = None, **more: Any) -> str:
    document = {"exec-opts": exec_opts, **LOGS, **({"registry-mirrors": mirrors} if mirrors else {}), **more}
    return json.dumps(document, indent=2) + "\n"


WANTED = daemon_json(mirrors=MIRROR)
BARE = daemon_json()
TCP = daemon_json(hosts=["tcp://127.0.0.1:2375"])


def digest(mirrors: list[str] = MIRROR) -> str:
    """What is recorded of a dockerd that runs as wanted."""
    return f"restart={sha256(SYSTEMD[0])} reload={sha256(json.dumps(mirrors))}"


def earlier_digest(text: str) -> str:
    """What an earlier release of this package recorded: of the whole file, and of it without its mirrors."""
    lasting = {key: value for key, value in json.loads(text).items() if key != "registry-mirrors"}
    return f"restart={sha256(json.dumps(lasting, sort_keys=True))} reload={sha256(text)}"


def docker(text: str, record: str | None, active: bool = True, enabled: bool = True, **unit: Any) -> Facts:
    """A host with this daemon.json, empty for none, and this record of what dockerd read.

    + unit: fields of the look at docker.service
    """
    configs = {DAEMON_JSON: text.encode()} if text else {}
    preflight = RuntimeState({"docker.service": UnitLook(**unit)}, configs)
    return {RuntimeService: (ServiceState(True, active, enabled, record, {}), preflight), Content: text.encode()}


def by_flags(*words: str, config: str = "", own_socket: bool = True) -> dict[str, Any]:
    """A unit of docker.service that starts dockerd with these."""
    more = [*["-H fd://"] * own_socket, *words, *[f"--config-file={config}"] * bool(config)]
    line = " ".join(("/usr/bin/dockerd", *more))
    return {"files": {"/etc/systemd/system/docker.service.d/a.conf": f"[Service]\nExecStart=\nExecStart={line}\n"}}


PACKAGED_WORDS = "-H fd:// --containerd=/run/containerd/containerd.sock"
DOCKER_ANSWERS = "[ \"$(docker -H unix:///var/run/docker.sock info -f '{{.CgroupDriver}}')\" = systemd ]"


def docker_changed(
    action: str,
    text: str = "",
    *,
    over: str = "",
    record: str = digest(),
    words: str = PACKAGED_WORDS,
    path: str = DAEMON_JSON,
) -> list[Step]:
    """The commands that have dockerd run as wanted.

    + text: what daemon.json gets; empty where it stays
    + over: what it held
    """
    last = change("docker.service", action, record, DOCKER_ANSWERS)
    if not text:
        return [last]
    check = checked("check-docker.sh", text.encode(), TARGET=path, PROGRAM="/usr/bin/dockerd", WORDS=words)
    written = edited(path, over.encode(), text.encode())
    return [command(check), keep("docker.service", {path: text}), command(written), last]


WISH = {"run": RUN, "registry_mirrors": MIRROR}
NO_WISH = {"run": RUN, "registry_mirrors": None}
NO_MIRROR = {"run": RUN, "registry_mirrors": []}
OWN = daemon_json(mirrors=MIRROR, **{"data-root": "/data"})
RUNS = [Noop("docker.service runs with this configuration")]
DRIVER_FLAG, LOG_FLAG = "--exec-opt native.cgroupdriver=systemd", "--log-opt max-size=50m"
MIRRORS_ALONE = '{\n  "registry-mirrors": [\n    "https://one.example"\n  ]\n}\n'
DROP_IN = "/etc/systemd/system/docker.service.d/a.conf"
DOCKER_ROWS: dict[str, Row] = {
    "Docker on a clean host": (
        docker_running,
        WISH,
        docker("", None, active=False, enabled=False),
        docker_changed("start", WANTED),
    ),
    "Docker as the package starts it": (docker_running, WISH, docker("", None), docker_changed("restart", WANTED)),
    "Docker that runs": (docker_running, WISH, docker(WANTED, digest()), RUNS),
    "Docker that an earlier release configured": (docker_running, WISH, docker(WANTED, earlier_digest(WANTED)), RUNS),
    "Docker that an earlier release configured, and its user since then": (
        docker_running,
        WISH,
        docker(OWN, earlier_digest(WANTED)),
        docker_changed("reload"),
    ),
    "Docker not enabled": (docker_running, WISH, docker(WANTED, digest(), enabled=False), docker_changed("")),
    "Docker that stopped": (docker_running, WISH, docker(WANTED, digest(), active=False), docker_changed("start")),
    "another mirror is read without a restart": (
        docker_running,
        WISH,
        docker(daemon_json(mirrors=OTHER), digest(OTHER)),
        docker_changed("reload", WANTED, over=daemon_json(mirrors=OTHER)),
    ),
    "mirrors that nobody speaks of stay": (docker_running, NO_WISH, docker(WANTED, digest()), RUNS),
    "mirrors are taken away": (
        docker_running,
        NO_MIRROR,
        docker(WANTED, digest()),
        docker_changed("reload", BARE, over=WANTED, record=digest([])),
    ),
    "a mirror written, and the run cut off before the reload": (
        docker_running,
        WISH,
        docker(WANTED, digest(OTHER)),
        docker_changed("reload"),
    ),
    "a cgroup driver written, and the run cut off before the restart": (
        docker_running,
        WISH,
        docker(WANTED, None),
        docker_changed("restart"),
    ),
    "a cgroup driver changed by hand": (
        docker_running,
        WISH,
        docker(daemon_json(CGROUPFS, MIRROR), digest()),
        docker_changed("restart", WANTED, over=daemon_json(CGROUPFS, MIRROR)),
    ),
    "a cgroup driver and a mirror changed at once": (
        docker_running,
        WISH,
        docker(daemon_json(CGROUPFS, OTHER), digest()),
        docker_changed("restart", WANTED, over=daemon_json(CGROUPFS, OTHER)),
    ),
    "the same settings written otherwise": (docker_running, WISH, docker(WANTED.replace("  ", "\t"), digest()), RUNS),
    "a user's own setting stays": (
        docker_running,
        WISH,
        docker(OWN.replace("systemd", "cgroupfs"), digest()),
        docker_changed("restart", OWN, over=OWN.replace("systemd", "cgroupfs")),
    ),
    "a user's own setting that has changed is his to restart Docker for": (
        docker_running,
        WISH,
        docker(OWN, digest()),
        RUNS,
    ),
    "what stands as flags is left to them": (
        docker_running,
        WISH,
        docker("", None, **by_flags(DRIVER_FLAG, LOG_FLAG)),
        docker_changed("restart", MIRRORS_ALONE, words=f"-H fd:// {DRIVER_FLAG} {LOG_FLAG}"),
    ),
    "flags that say all": (
        docker_running,
        NO_WISH,
        docker("", digest([]), **by_flags(DRIVER_FLAG, LOG_FLAG)),
        RUNS,
    ),
    "a dockerd that does not listen where the kubelet asks, which is not this operation's to judge": (
        docker_running,
        NO_WISH,
        docker(BARE, None, **by_flags("-H tcp://127.0.0.1:2375", own_socket=False)),
        [change("docker.service", "restart", digest([]), "true")],
    ),
    "hosts in daemon.json": (
        docker_running,
        NO_WISH,
        docker(TCP, None, **by_flags(own_socket=False)),
        [change("docker.service", "restart", digest([]), "true")],
    ),
    "a cgroup driver that a flag says otherwise": (
        docker_running,
        WISH,
        docker("", None, **by_flags("--exec-opt=native.cgroupdriver=cgroupfs")),
        [
            refusal(
                f"worker1: {DROP_IN} starts dockerd with --exec-opt native.cgroupdriver=cgroupfs; the kubelet's cgroup "
                f"driver is systemd; write --exec-opt native.cgroupdriver=systemd there, or remove the flag from "
                f"{DROP_IN}, then run this again."
            )
        ],
    ),
    "a daemon.json elsewhere": (
        docker_running,
        WISH,
        {**docker("", None, **by_flags(config="/srv/docker.json")), Content: b""},
        docker_changed("restart", WANTED, words="-H fd://", path="/srv/docker.json"),
    ),
    "a mirror, where dockerd still runs with the flag that its unit had": (
        docker_running,
        WISH,
        docker(BARE, digest([]), running=("/usr/bin/dockerd", "--registry-mirror", "https://two.example")),
        docker_changed("restart", with_mirrors(BARE), over=BARE),
    ),
    "a broken daemon.json": (
        docker_running,
        WISH,
        docker('{"data-root": }', digest()),
        [
            refusal(
                "worker1: /etc/docker/daemon.json is not JSON: Expecting value in line 1, column 15; dockerd would not "
                "start with it; repair it or remove it, then run this again."
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
                "a list; dockerd would not start with it; repair it or remove it, then run this again."
            )
        ],
    ),
    "a daemon.json that is none": (
        docker_running,
        WISH,
        {RuntimeService: (ServiceState(True, True, True, None, {}), RuntimeState(unread=(DAEMON_JSON,)))},
        [
            refusal(
                "worker1: /etc/docker/daemon.json is larger than 262144 bytes; no daemon.json is; repair it or remove "
                "it, then run this again."
            )
        ],
    ),
}

CONFIG = "/etc/containerd/config.toml"
TOML = {major: render(f"containerd-{major}.toml.j2", pause_image="registry.k8s.io/pause:3.9") for major in (1, 2)}
CONTAINERD_ANSWERS = r"ctr plugins ls | grep -Eq '^io\.containerd\.grpc\.v1 +cri .* ok *$'"


def containerd(version: str, text: str, read: str | None, active: bool = True) -> Facts:
    """A host with this package and config.toml, each empty for none, and the text that containerd last read."""
    files = {CONFIG: as_written(text)} if text else {}
    record = f"restart={sha256(read)}" if read else None
    state = ServiceState(True, active, active, record, files)
    return {Packages: PackagesState({"containerd.io": version} if version else {}), Service: state}


def containerd_changed(action: str, major: int, written: bool = True) -> list[Step]:
    text = TOML[major]
    last = change("containerd.service", action, f"restart={sha256(text)}", CONTAINERD_ANSWERS)
    check = command(checked("check-containerd.sh", text.encode(), TARGET=CONFIG))
    changed = [check, keep("containerd.service", {CONFIG: text}), command(write(CONFIG, text))]
    return [*changed, last] if written else [last]


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

ARCHIVE = {"url": "https://mirror.example/cri dockerd.tgz", "sha256": "0e" * 32, "logins": {}}
PROGRAM = {"/usr/bin/cri-dockerd": as_written("program", "755")}
INSTALL = command(
    long_command(
        "install-cri-dockerd",
        "mkdir -p -m 755 /var/lib/k8s-ha\n"
        f"HOST=worker1\nARCHIVE='https://mirror.example/cri dockerd.tgz'\nSHA256={'0e' * 32}\nLOGIN=''\n"
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

UNIT_FILES = {"/etc/systemd/system/a.socket": "a\n", "/etc/systemd/system/b.service": "b\n"}
UNIT_DIGEST = "restart=" + sha256("/etc/systemd/system/a.socket\0a\n\0/etc/systemd/system/b.service\0b\n")
HELD_UNITS = {path: as_written(text) for path, text in UNIT_FILES.items()}
CRI_DOCKERD_CHANGED = change("cri-docker.service", "restart", UNIT_DIGEST, "[ -S /run/cri-dockerd.sock ]")
CRI_DOCKERD_UNIT_ROWS: dict[str, Row] = {
    "cri-dockerd that runs": (
        cri_dockerd_running,
        {"files": UNIT_FILES},
        {Service: ServiceState(True, True, True, UNIT_DIGEST, HELD_UNITS)},
        [Noop("cri-docker.service runs with this configuration")],
    ),
    "a changed unit of cri-dockerd": (
        cri_dockerd_running,
        {"files": UNIT_FILES},
        {
            Service: ServiceState(
                True, True, True, UNIT_DIGEST, {**HELD_UNITS, "/etc/systemd/system/b.service": as_written("old\n")}
            )
        },
        [
            keep("cri-docker.service", {"/etc/systemd/system/b.service": "b\n"}),
            command(write("/etc/systemd/system/b.service", "b\n")),
            CRI_DOCKERD_CHANGED,
        ],
    ),
}

test_operations = test_of(DOCKER_ROWS | CONTAINERD_ROWS | CRI_DOCKERD_ROWS | CRI_DOCKERD_UNIT_ROWS)


WRITING = {name: (arguments, steps) for name, (_, arguments, _, steps) in DOCKER_ROWS.items() if len(steps) == 4}
PLAIN = {name: row for name, row in WRITING.items() if "flags" not in name and "elsewhere" not in name}


@pytest.mark.parametrize(("arguments", "steps"), PLAIN.values(), ids=PLAIN)
def test_what_was_written_and_recorded_is_what_the_next_run_wants(
    bench: Bench, arguments: dict[str, Any], steps: list[Command]
) -> None:
    *_, written, last = steps
    record = re.search(r"^RECORD='(.*)'$", last.text, re.MULTILINE)
    assert record
    held = base64.b64decode(written.stdin or "").decode()
    assert bench.steps(docker_running, facts=docker(held, record[1]), **arguments) == RUNS
