"""What is found of the container runtimes' own flags, units and files before the first change."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_ha.findings import Finding
from k8s_ha.observations.runtimes import RuntimeState
from k8s_ha.observations.service_command import UnitLook
from k8s_ha.preflight_checks.model import HostContext
from tests.support.cases import context, found, warning

DOCKER, CONTAINERD = "docker.service", "containerd.service"
DAEMON_JSON, TOML = "/etc/docker/daemon.json", "/etc/containerd/config.toml"
DROP_IN = "/etc/systemd/system/docker.service.d/flags.conf"
NODE = {"node": True, "hostname": "worker1"}
BY_DOCKER = {"container_runtime": "docker", "kubernetes_version": "1.20.2", "mirror": "aliyun"}
MIRRORS = {"registry_mirrors": {"docker.io": ["https://m"]}}
KEPT = "a copy stays in /var/lib/k8s-ha/before"


def started(path: str, line: str) -> dict[str, str]:
    """A unit's files, of which the last one says what is started."""
    return {path: f"[Service]\nExecStart=\nExecStart={line}\n"}


def docker(
    content: bytes | None = None,
    *,
    settings: dict[str, Any] | None = None,
    installed: bool = True,
    node: bool = False,
    preflight: dict[str, Any] | None = None,
    **unit: Any,
) -> HostContext:
    """A host that shall run Docker, with this daemon.json and fields of the look at docker.service."""
    configs = {} if content is None else {DAEMON_JSON: content}
    runtime = RuntimeState({DOCKER: UnitLook(**unit)}, configs, **preflight or {})
    surveyed = {"installed": {"docker-ce": "20.10.24-3.el8"} if installed else {}} | (NODE if node else {})
    return context(settings=BY_DOCKER | (settings or {}), surveyed=surveyed, runtime=runtime)


def containerd(
    content: bytes | None = None,
    *,
    name: str = "worker1",
    installed: bool = True,
    node: bool = False,
    namespaces: tuple[str, ...] = (),
    **unit: Any,
) -> HostContext:
    """A host that shall run containerd, with this config.toml and fields of the look at containerd.service."""
    configs = {} if content is None else {TOML: content}
    runtime = RuntimeState({CONTAINERD: UnitLook(**unit)}, configs, namespaces=namespaces)
    surveyed = {"installed": {"containerd.io": "1.6.33-3.1.el8"} if installed else {}} | (NODE if node else {})
    return context(name, surveyed=surveyed, runtime=runtime)


def docker_error(*cells: str) -> Finding:
    return Finding("worker1", "docker", *cells)


FLAGS = "--exec-opt native.cgroupdriver=systemd --log-opt max-size=50m"
DOCKER_ROWS: dict[str, tuple[HostContext, Finding | None]] = {
    "no file and no flag": (docker(), None),
    "flags that say what is wanted": (docker(files=started(DROP_IN, f"/usr/bin/dockerd -H fd:// {FLAGS}")), None),
    "a flag that says otherwise": (
        docker(files=started(DROP_IN, "/usr/bin/dockerd -H fd:// --exec-opt=native.cgroupdriver=cgroupfs")),
        docker_error(
            f"{DROP_IN} starts dockerd with --exec-opt native.cgroupdriver=cgroupfs",
            "the kubelet's cgroup driver is systemd",
            f"write --exec-opt native.cgroupdriver=systemd there, or remove the flag from {DROP_IN}, then run this "
            "again",
        ),
    ),
    "a flag in an environment file": (
        docker(
            files={
                DROP_IN: "[Service]\nEnvironmentFile=/etc/sysconfig/docker\nExecStart=\nExecStart=/usr/bin/dockerd $O\n"
            },
            environment={"/etc/sysconfig/docker": "O=--exec-opt=native.cgroupdriver=cgroupfs\n"},
            node=True,
        ),
        docker_error(
            "/etc/sysconfig/docker starts dockerd with --exec-opt native.cgroupdriver=cgroupfs",
            "the kubelet's cgroup driver is systemd",
            "write --exec-opt native.cgroupdriver=systemd there, or remove the flag from /etc/sysconfig/docker, then "
            "run this again",
        ),
    ),
    "a mirror as a flag, and another among the settings": (
        docker(settings=MIRRORS, files=started(DROP_IN, "/usr/bin/dockerd --registry-mirror https://own")),
        docker_error(
            f"{DROP_IN} starts dockerd with --registry-mirror https://own",
            "registry_mirrors has https://m",
            f"remove the flag from {DROP_IN}, then run this again",
        ),
    ),
    "hosts in daemon.json beside the unit's": (
        docker(b'{"hosts": ["unix:///var/run/docker.sock"]}', installed=False),
        docker_error(
            f"'hosts' stands in {DAEMON_JSON} and as -H in Docker's own unit",
            "dockerd does not start with both",
            f"remove it from {DAEMON_JSON}, then run this again",
        ),
    ),
    "hosts in daemon.json, and none as flags": (
        docker(b'{"hosts": ["unix:///var/run/docker.sock"]}', files=started(DROP_IN, "/usr/bin/dockerd")),
        None,
    ),
    "a daemon.json that is no JSON": (
        docker(b"{", node=True),
        docker_error(
            f"{DAEMON_JSON} is not JSON: Expecting property name enclosed in double quotes in line 1, column 2",
            "dockerd would not start with it",
            "repair it or remove it, then run this again",
        ),
    ),
    "a daemon.json that is none": (
        docker(preflight={"unread": (DAEMON_JSON,)}),
        docker_error(
            f"{DAEMON_JSON} is larger than 262144 bytes",
            "no daemon.json is",
            "repair it or remove it, then run this again",
        ),
    ),
    "a daemon.json elsewhere": (
        docker(
            b"{",
            files=started(DROP_IN, "/usr/bin/dockerd --config-file /srv/d.json"),
        ),
        None,
    ),
    "a dockerd that was started by hand": (
        docker(preflight={"docker_pid": "77"}, properties={"MainPID": "0"}),
        docker_error(
            "dockerd runs as process 77, outside of docker.service",
            "that service does not start beside it",
            "stop that process, and what starts it",
        ),
    ),
    "a dockerd of the unit": (docker(preflight={"docker_pid": "77"}, properties={"MainPID": "77"}), None),
    "a dockerd where nobody knows the unit's": (docker(preflight={"docker_pid": "77"}), None),
    "a Docker of a static archive": (
        docker(files=started("/etc/systemd/system/docker.service", "/usr/local/bin/dockerd")),
        docker_error(
            "/etc/systemd/system/docker.service starts /usr/local/bin/dockerd",
            "/usr/bin/dockerd of the package docker-ce is what this run configures",
            "stop docker.service, remove that file or its ExecStart, and run `systemctl daemon-reload`",
        ),
    ),
    "a unit of a package that is replaced": (
        docker(installed=False, files=started("/usr/lib/systemd/system/docker.service", "/usr/bin/dockerd-current")),
        None,
    ),
    "a drop-in that systemd has not read": (
        docker(properties={"NeedDaemonReload": "yes", "ActiveState": "active"}),
        warning(
            "worker1",
            "docker",
            "docker.service has changed on the disk since systemd read it",
            "where this run restarts it, it starts with that",
            "nothing, if that is meant; else restore the unit and its drop-ins",
        ),
    ),
    "such a one of a unit that does not run": (docker(properties={"NeedDaemonReload": "yes"}), None),
}


@pytest.mark.parametrize(("given", "finding"), DOCKER_ROWS.values(), ids=DOCKER_ROWS)
def test_docker(given: HostContext, finding: Finding | None) -> None:
    assert found(given) == ([finding] if finding else [])


def test_docker_is_no_matter_where_containerd_is_the_runtime() -> None:
    runtime = RuntimeState(
        {DOCKER: UnitLook({"NeedDaemonReload": "yes", "ActiveState": "active"})}, {DAEMON_JSON: b"{"}
    )
    assert found(context(runtime=runtime)) == []
    assert found(context("master-lb", settings=BY_DOCKER, runtime=runtime)) == []


OTHER_UNIT = "/etc/systemd/system/containerd.service"
SHADOWED = (
    f"{OTHER_UNIT} starts /usr/local/bin/containerd",
    "/usr/bin/containerd of the package containerd.io is what this run configures",
    "stop containerd.service, remove that file or its ExecStart, and run `systemctl daemon-reload`",
)
ELSEWHERE = (
    "/etc/d.conf has containerd read /srv/c.toml",
    f"this run configures it by {TOML}",
    "remove --config from /etc/d.conf, and run `systemctl daemon-reload`",
)
NVIDIA = b'[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nvidia]\n'
REPLACED = ("this run replaces it", f"nothing, if that is not needed; {KEPT}")
CONTAINERD_ROWS: dict[str, tuple[HostContext, Finding | None]] = {
    "none": (containerd(), None),
    "the package's unit": (containerd(files=started("/usr/lib/systemd/system/x", "/usr/bin/containerd")), None),
    "another program": (
        containerd(files=started(OTHER_UNIT, "/usr/local/bin/containerd")),
        Finding("worker1", "containerd", *SHADOWED),
    ),
    "another program of a node": (
        containerd(files=started(OTHER_UNIT, "/usr/local/bin/containerd"), node=True),
        warning("worker1", "containerd", *SHADOWED),
    ),
    "a configuration elsewhere": (
        containerd(files=started("/etc/d.conf", "/usr/bin/containerd --config /srv/c.toml")),
        Finding("worker1", "containerd", *ELSEWHERE),
    ),
    "a configuration elsewhere, in one word": (
        containerd(files=started("/etc/d.conf", "/usr/bin/containerd --config=/srv/c.toml"), node=True),
        warning("worker1", "containerd", *ELSEWHERE),
    ),
    "the configuration's own path": (
        containerd(files=started("/etc/d.conf", f"/usr/bin/containerd -c {TOML}")),
        None,
    ),
    "somebody's configuration": (
        containerd(b"version = 2\n"),
        warning("worker1", "containerd", f"{TOML} is somebody's own", *REPLACED),
    ),
    "somebody's configuration with more in it": (
        containerd(NVIDIA),
        warning(
            "worker1",
            "containerd",
            f"{TOML} is somebody's own, and has runtime nvidia",
            "this run replaces it",
            f"nothing, if that is not needed; {KEPT}",
        ),
    ),
    "somebody's configuration that containers need": (
        containerd(
            b'root = "/data"\nimports = ["x"]\n[grpc]\naddress = "/x"\n' + NVIDIA, namespaces=("default", "moby")
        ),
        Finding(
            "worker1",
            "containerd",
            f"{TOML} is somebody's own, has root /data, grpc.address /x, imports and 1 more, and containers of "
            "default, moby run",
            "this run replaces it",
            f"move these containers to another host, or waive this check; {KEPT}",
        ),
    ),
    "somebody's configuration that they do not need": (
        containerd(b"version = 2\n", namespaces=("default",)),
        warning("worker1", "containerd", f"{TOML} is somebody's own", *REPLACED),
    ),
    "of a node, whose file is this package's": (containerd(NVIDIA, node=True), None),
    "a balancer's": (containerd(NVIDIA, name="master-lb"), None),
}


@pytest.mark.parametrize(("given", "finding"), CONTAINERD_ROWS.values(), ids=CONTAINERD_ROWS)
def test_containerd(given: HostContext, finding: Finding | None) -> None:
    assert found(given) == ([finding] if finding else [])
