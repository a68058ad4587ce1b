"""States of real machines, each as a shell script that makes it and one that takes it back."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from k8s_ha.findings import Severity


class Odd(NamedTuple):
    """A state of one host, and the finding about it.

    + severity: of the finding; None where none may speak of it
    + words: that stand in what was found
    """

    state: str
    host: str
    check: str
    severity: Severity | None
    words: str
    make: str
    undo: str


class Batch(NamedTuple):
    """States that one look finds, with settings of their own."""

    odd: list[Odd]
    settings: Mapping[str, Any] = MappingProxyType({})


SURROUNDINGS = [
    Odd(
        "a firewalld zone whose source covers the hosts",
        "master1",
        "firewall",
        "error",
        "firewalld's zone cluster refuses 10.0.12.55",
        "firewall-cmd -q --permanent --new-zone=cluster && "
        "firewall-cmd -q --permanent --zone=cluster --add-service=ssh && "
        "firewall-cmd -q --permanent --zone=cluster --add-source=10.0.0.0/16 && firewall-cmd -q --reload",
        "firewall-cmd -q --permanent --delete-zone=cluster && firewall-cmd -q --reload && "
        "rm -f /etc/firewalld/zones/cluster.xml.old",
    ),
    Odd(
        "a zone that has a host's address as its source",
        "master3",
        "firewall",
        "error",
        "firewalld's zone work has the source 10.0.12.55",
        "firewall-cmd -q --zone=work --add-source=10.0.12.55",
        "firewall-cmd -q --zone=work --remove-source=10.0.12.55",
    ),
    Odd(
        "a zone that takes the hosts from its next reload on",
        "worker2",
        "firewall",
        "error",
        "firewalld's zone drop takes 10.0.12.55",
        "firewall-cmd -q --permanent --zone=drop --add-source=10.0.12.0/24",
        "rm -f /etc/firewalld/zones/drop.xml /etc/firewalld/zones/drop.xml.old && firewall-cmd -q --reload",
    ),
    Odd(
        "an nftables ruleset that drops what it does not know",
        "master2",
        "firewall",
        "error",
        "`policy drop` in chain input of table inet own refuses 10.0.11.18",
        "nft 'add table inet own; "
        "add chain inet own input { type filter hook input priority 0; policy drop; }; "
        "insert rule inet own input tcp dport 22 accept; insert rule inet own input ct state established accept; "
        "insert rule inet own input iifname lo accept'",
        "nft delete table inet own",
    ),
    Odd(
        "iptables with the rules of iptables-services",
        "master-lb",
        "firewall",
        "error",
        "`-A INPUT -j REJECT --reject-with icmp-host-prohibited` in chain INPUT",
        "iptables -A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT && iptables -A INPUT -i lo -j ACCEPT && "
        "iptables -A INPUT -p tcp --dport 22 -j ACCEPT && "
        "iptables -A INPUT -j REJECT --reject-with icmp-host-prohibited",
        "iptables -F INPUT",
    ),
    Odd(
        "a resolver that is the host itself",
        "worker1",
        "resolver",
        "error",
        "/etc/resolv.conf has no name server but 127.0.0.1",
        "cp -a /etc/resolv.conf /run/resolv.conf.was && echo 'nameserver 127.0.0.1' >/etc/resolv.conf",
        "cp -a /run/resolv.conf.was /etc/resolv.conf && rm /run/resolv.conf.was",
    ),
    Odd(
        "another pod network through a node of the cluster",
        "worker1",
        "networks",
        "error",
        "its route 10.244.0.0/16 via 10.0.12.55",
        "ip route add 10.244.0.0/16 via 10.0.12.55",
        "ip route del 10.244.0.0/16",
    ),
    Odd(
        "a CNI file that no runtime reads",
        "worker1",
        "cni",
        None,
        "cilium_bak",
        "mkdir -p /etc/cni/net.d && touch /etc/cni/net.d/10-flannel.conflist.cilium_bak",
        "rm -rf /etc/cni",
    ),
    Odd(
        "a CNI file before ours",
        "worker2",
        "cni",
        "error",
        "/etc/cni/net.d holds 05-x.conf",
        "mkdir -p /etc/cni/net.d && touch /etc/cni/net.d/05-x.conf",
        "rm -rf /etc/cni",
    ),
    Odd(
        "a flag of an old kubelet",
        "worker2",
        "units",
        "error",
        "/etc/systemd/system/kubelet.service.d/20-old.conf gives the kubelet --allow-privileged=true",
        "mkdir -p /etc/systemd/system/kubelet.service.d && "
        "printf '[Service]\\nEnvironment=\"KUBELET_EXTRA_ARGS=--allow-privileged=true\"\\n' "
        ">/etc/systemd/system/kubelet.service.d/20-old.conf",
        "rm -r /etc/systemd/system/kubelet.service.d",
    ),
    Odd(
        "one session on a connection",
        "master2",
        "sshd",
        "error",
        "its sshd has MaxSessions 1",
        "cp -a /etc/ssh/sshd_config /run/sshd_config.was && sed -i '1i MaxSessions 1' /etc/ssh/sshd_config",
        "cp -a /run/sshd_config.was /etc/ssh/sshd_config && rm /run/sshd_config.was",
    ),
    Odd(
        "cloud-init that writes /etc/hosts",
        "master3",
        "cloud-init",
        "error",
        "manage_etc_hosts is true in /etc/cloud/cloud.cfg.d/05_names.cfg",
        "mkdir -p /etc/cloud/cloud.cfg.d && ln -s true /usr/bin/cloud-init && "
        "printf 'cloud_init_modules:\\n - update_etc_hosts\\n' >/etc/cloud/cloud.cfg && "
        "echo 'manage_etc_hosts: true' >/etc/cloud/cloud.cfg.d/05_names.cfg",
        "rm -r /etc/cloud /usr/bin/cloud-init",
    ),
]
"""Packet filters, resolver, routes, units, sshd, cloud-init and CNI files."""

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

BATCHES = [
    Batch([]),
    Batch(SURROUNDINGS),
    Batch(CONTAINERD),
    Batch(DOCKER, {"container_runtime": "docker"}),
]
