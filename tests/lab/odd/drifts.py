"""What people do to the services of a cluster that stands, and what runs after it do about that."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple


class Drift(NamedTuple):
    """A state of one host's services.

    + make: shell script that makes it
    + operation: the only one that a run changes something by; the run after it changes nothing
    + refused: words of a run that fails instead
    + holds: shell test of what must hold afterwards
    + undo: shell script that takes back what is the owner's; one more run puts right what is ours
    + settings: what else is set for the run
    """

    state: str
    host: str
    make: str
    holds: str
    operation: str = ""
    refused: str = ""
    undo: str = "true"
    settings: Mapping[str, Any] = MappingProxyType({})


_NGINX = "/etc/nginx/nginx.conf"
_LISTENS = "ss -ltn | grep -q '10.0.1.157:6443\\|0.0.0.0:6443\\|\\*:6443'"
_CONFIG = "/etc/containerd/config.toml"
_DROP_IN = "/etc/systemd/system/containerd.service.d/own.conf"
_DAEMON_JSON = "/etc/docker/daemon.json"

SERVICES = [
    Drift(
        "the vendor's nginx.conf put back",
        "master-lb",
        f"sed -i '\\|conf.d/tcp.d|d' {_NGINX} && systemctl restart nginx && ! {{ {_LISTENS}; }}",
        _LISTENS,
        operation="Configure and start nginx",
    ),
    Drift(
        "a stream block of the owner's in an nginx.conf of mode 640",
        "master-lb",
        f"cp -p {_NGINX} /var/tmp/n && chmod 640 {_NGINX} && "
        f"echo 'stream {{ server {{ listen 15432; proxy_pass 127.0.0.1:5432; }} }}' >>{_NGINX}",
        f'{_LISTENS} && ss -ltn | grep -q :15432 && [ "$(stat -c %a {_NGINX})" = 640 ] && '
        "[ ! -e /etc/nginx/conf.d/tcp.d/kube-api-server.conf ] && systemctl restart nginx",
        operation="Configure and start nginx",
        undo=f"cp -p /var/tmp/n {_NGINX} && rm /var/tmp/n",
    ),
    Drift(
        "a configuration that nginx reads but cannot run with",
        "master-lb",
        "printf 'events {} http { server { listen 8099; } }' >/root/other.conf && "
        "systemd-run -q --unit=other nginx -c /root/other.conf -g 'daemon off; pid /run/other.pid;' && "
        "echo 'server { listen 8099; }' >/etc/nginx/conf.d/x.conf",
        _LISTENS,
        refused="bind() to 0.0.0.0:8099 failed",
        undo="systemctl stop other; rm -f /root/other.conf /run/other.pid /etc/nginx/conf.d/x.conf",
    ),
    Drift(
        "a containerd that does not come up with what is wanted",
        "worker1",
        f"mkdir {_DROP_IN.rpartition('/')[0]} && "
        f"printf '[Service]\\nExecStartPre=/bin/grep -q own {_CONFIG}\\n' >{_DROP_IN} && "
        f"systemctl daemon-reload && echo '# own' >>{_CONFIG}",
        f"tail -n 1 {_CONFIG} | grep -qx '# own' && systemctl -q is-active containerd",
        refused="it runs again with what stood there before",
        undo=f"rm -r {_DROP_IN.rpartition('/')[0]} && systemctl daemon-reload",
    ),
]
"""On the cluster with containerd."""

DOCKER = [
    Drift(
        "a key that dockerd does not know, and another mirror in the settings",
        "worker1",
        f'cp -p {_DAEMON_JSON} /var/tmp/d && sed -i \'s/^{{/{{"log-lvl": "warn",/\' {_DAEMON_JSON}',
        f"grep -q log-lvl {_DAEMON_JSON} && systemctl -q is-active docker",
        refused="log-lvl",
        undo=f"cp -p /var/tmp/d {_DAEMON_JSON}",
        settings=MappingProxyType({"registry_mirrors": {"docker.io": ["https://docker.m.daocloud.io"]}}),
    ),
    Drift(
        "a Docker that does not come up with what is wanted",
        "worker1",
        "mkdir -p /etc/systemd/system/docker.service.d && printf '[Service]\\nExecStartPre=/bin/sh -c \"! grep -q "
        f"cgroupdriver {_DAEMON_JSON}\"\\n' >/etc/systemd/system/docker.service.d/z.conf && systemctl daemon-reload && "
        f"sed -i s/native.cgroupdriver=systemd/native.umask=normal/ {_DAEMON_JSON}",
        f"grep -q native.umask {_DAEMON_JSON} && systemctl -q is-active docker",
        refused="it runs again with what stood there before",
        undo="rm /etc/systemd/system/docker.service.d/z.conf && systemctl daemon-reload",
    ),
]
"""On the source document's cluster, with Docker."""
