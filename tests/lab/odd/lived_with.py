"""States that a build, and every run after it, must live with: what they are made by, and what must hold afterwards."""

from __future__ import annotations

import shlex
from typing import NamedTuple


class LivedWith(NamedTuple):
    """A state of one host.

    + make: shell script that makes it, before the build
    + holds: shell test of what must hold once the cluster stands
    """

    state: str
    host: str
    make: str
    holds: str


_KEPT = "/var/tmp/odd"
_OURS = "LC_ALL=C sed '/^# BEGIN k8s_ha/,/^# END k8s_ha/d'"


def _changed(path: str, change: str, but_for: str = "cat") -> tuple[str, str]:
    """A change of a file, of which afterwards each byte must be there.

    + but_for: a filter that takes out what the package may put in
    """
    kept = f"{_KEPT}/{path.replace('/', '-')}"
    make = f"mkdir -p {_KEPT} && {change} && cp -p {path} {kept}"
    same = f"{but_for} {path} | cmp - {kept}"
    return make, f"{same} && [ \"$(stat -c '%a %u %g' {path})\" = \"$(stat -c '%a %u %g' {kept})\" ]"


def _written(path: str, text: str, mode: str = "644") -> str:
    return f"mkdir -p {path.rpartition('/')[0]} && printf '%b' {shlex.quote(text)} >{path} && chmod {mode} {path}"


_HOSTS = r"printf '# \263\273\n10.0.0.9 db1\n' >>/etc/hosts"
_BASHRC = r"printf 'echo welcome to this host\nprintf \"\\\\263\\\\273\\\\n\"\n' >>/root/.bashrc"
_CHINESE = "LANG=zh_CN.UTF-8\\nLANGUAGE=zh_CN\\nLC_ALL=zh_CN.UTF-8\\n"
_CLOCK = "systemctl -q is-enabled chronyd && systemctl -q is-active chronyd"

CONTAINERD = [
    LivedWith("a comment in GBK in /etc/hosts", "worker1", *_changed("/etc/hosts", _HOSTS, _OURS)),
    LivedWith("a shell that greets every command", "master1", *_changed("/root/.bashrc", _BASHRC)),
    LivedWith("a shell that greets every command", "master3", *_changed("/root/.bashrc", _BASHRC)),
    LivedWith(
        "tools that speak Chinese",
        "worker2",
        *_changed("/etc/environment", f"printf '{_CHINESE}' >>/etc/environment"),
    ),
    LivedWith(
        "a CNI file that another installer put aside",
        "worker1",
        *_changed(
            "/etc/cni/net.d/10-flannel.conflist.cilium_bak",
            _written("/etc/cni/net.d/10-flannel.conflist.cilium_bak", "{}\\n"),
        ),
    ),
    LivedWith(
        "the holder's file of a run that died",
        "master2",
        "mkdir -p /run/k8s-ha && echo 'dead process 1 on nowhere since 2020' >/run/k8s-ha/run.holder",
        "! grep -q nowhere /run/k8s-ha/run.holder",
    ),
    LivedWith("a clock that nobody keeps", "worker2", "systemctl -q disable --now chronyd", _CLOCK),
]
"""On six hosts of EL8."""

_JSON = '{\\n\\t"log-level": "warn",\\n\\t"labels": ["own=1"]\\n}\\n'
_FLAGS = (
    "[Service]\\nExecStart=\\nExecStart=/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock "
    "--exec-opt native.cgroupdriver=systemd --log-opt max-size=50m\\n"
)

DOCUMENT = [
    LivedWith("a comment in GBK in /etc/hosts", "master1", *_changed("/etc/hosts", _HOSTS, _OURS)),
    LivedWith("a shell that greets every command", "worker1", *_changed("/root/.bashrc", _BASHRC)),
    LivedWith("a clock that nobody keeps", "worker1", "systemctl -q disable --now chronyd", _CLOCK),
    LivedWith(
        "SELinux with a blank behind the word",
        "master3",
        "sed 's/^SELINUX=.*/SELINUX=enforcing /' /etc/selinux/config >/run/x && cat /run/x >/etc/selinux/config",
        "grep -qx 'SELINUX=permissive *' /etc/selinux/config && ! grep -q '^SELINUX=enforcing' /etc/selinux/config",
    ),
    LivedWith(
        "a daemon.json that only root may read",
        "master3",
        _written("/etc/docker/daemon.json", _JSON, "600"),
        '[ "$(stat -c %a /etc/docker/daemon.json)" = 600 ] && '
        'grep -qxF \'\t"log-level": "warn",\' /etc/docker/daemon.json',
    ),
    LivedWith(
        "flags of dockerd that say what is wanted",
        "worker2",
        _written("/etc/systemd/system/docker.service.d/own.conf", _FLAGS),
        "! grep -q 'exec-opts\\|log-opts' /etc/docker/daemon.json && "
        "[ \"$(docker info -f '{{.CgroupDriver}}')\" = systemd ]",
    ),
]
"""On the source document's six hosts, of EL7 and EL8, with Docker."""
