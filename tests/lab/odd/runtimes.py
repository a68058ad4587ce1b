"""Docker and containerd."""

from __future__ import annotations

import shlex

from tests.lab.odd.rows import Odd

_TOML = "/etc/containerd/config.toml"
_TASK = "/run/containerd/io.containerd.runtime.v2.task/default/web"
_UNIT = "/etc/systemd/system/containerd.service"
_DAEMON_JSON = "/etc/docker/daemon.json"
_DROP_IN = "/etc/systemd/system/docker.service.d/a.conf"


def _file(path: str, text: str) -> str:
    """Shell that makes a file and its folder; it fails, before it touches either, where something stands there."""
    folder = path.rpartition("/")[0]
    return f"[ ! -e {path} ] && [ ! -e {folder} ] && mkdir -p {folder} && printf '%b' {shlex.quote(text)} >{path}"


def _gone(path: str) -> str:
    return f"rm {path} && rmdir {path.rpartition('/')[0]}"


def _started(line: str, more: str = "") -> str:
    return f"[Service]\\n{more}ExecStart=\\nExecStart={line}\\n"


CONTAINERD = [
    Odd(
        "a configuration of containerd that somebody wrote",
        "worker1",
        "containerd",
        "warning",
        f"{_TOML} is somebody's own, and has root /data, runtime nvidia",
        _file(_TOML, 'root = "/data"\\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nvidia]\\n'),
        _gone(_TOML),
    ),
    Odd(
        "such a one that running containers need",
        "worker2",
        "containerd",
        "error",
        "and containers of default run",
        "[ ! -e /run/containerd ] && " + _file(_TOML, 'root = "/data"') + f" && mkdir -p {_TASK}",
        f"{_gone(_TOML)} && cd /run && rmdir -p {_TASK.removeprefix('/run/')}",
    ),
    Odd(
        "a unit of containerd that is not the package's",
        "master2",
        "containerd",
        "error",
        f"{_UNIT} starts /usr/local/bin/containerd",
        f"[ ! -e {_UNIT} ] && printf '[Service]\\nExecStart=/usr/local/bin/containerd\\n' >{_UNIT}",
        f"rm {_UNIT} && systemctl daemon-reload",
    ),
    Odd(
        "a configuration of containerd elsewhere",
        "master3",
        "containerd",
        "error",
        f"{_UNIT}.d/a.conf has containerd read /srv/c.toml",
        _file(f"{_UNIT}.d/a.conf", _started("/usr/bin/containerd --config /srv/c.toml")),
        f"{_gone(f'{_UNIT}.d/a.conf')} && systemctl daemon-reload",
    ),
]
"""Where containerd is the runtime."""

DOCKER = [
    Odd(
        "flags that say what is wanted",
        "master1",
        "docker",
        None,
        "",
        _file(
            _DROP_IN,
            _started("/usr/bin/dockerd -H fd:// --exec-opt native.cgroupdriver=systemd --log-opt max-size=50m"),
        ),
        f"{_gone(_DROP_IN)} && systemctl daemon-reload",
    ),
    Odd(
        "another cgroup driver as a flag, in a file of variables",
        "master2",
        "docker",
        "error",
        "/etc/sysconfig/docker starts dockerd with --exec-opt native.cgroupdriver=cgroupfs",
        "[ ! -e /etc/sysconfig/docker ] && "
        + _file(_DROP_IN, _started("/usr/bin/dockerd -H fd:// $OPTIONS", "EnvironmentFile=-/etc/sysconfig/docker\\n"))
        + " && echo \"OPTIONS='--exec-opt native.cgroupdriver=cgroupfs'\" >/etc/sysconfig/docker",
        f"rm /etc/sysconfig/docker && {_gone(_DROP_IN)} && systemctl daemon-reload",
    ),
    Odd(
        "hosts in daemon.json beside the unit's",
        "master3",
        "docker",
        "error",
        f"'hosts' stands in {_DAEMON_JSON} and as -H in Docker's own unit",
        _file(_DAEMON_JSON, '{"hosts": ["tcp://127.0.0.1:2375"]}'),
        _gone(_DAEMON_JSON),
    ),
    Odd(
        "a number where dockerd wants text",
        "worker1",
        "docker",
        "error",
        "has 3 in 'log-opts', whose values must be text in quotes",
        _file(_DAEMON_JSON, '{"log-opts": {"max-file": 3}}'),
        _gone(_DAEMON_JSON),
    ),
    Odd(
        "a daemon.json elsewhere that is broken",
        "worker2",
        "docker",
        "error",
        "/srv/d.json is not JSON",
        f"[ ! -e /srv/d.json ] && {_file(_DROP_IN, _started('/usr/bin/dockerd --config-file=/srv/d.json'))} && "
        "echo '{' >/srv/d.json",
        f"rm /srv/d.json && {_gone(_DROP_IN)} && systemctl daemon-reload",
    ),
]
"""Where Docker is."""
