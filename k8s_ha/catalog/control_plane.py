"""How a control plane is asked on its own host: kubeadm's paths and ports (kubernetes.io: Ports and Protocols)."""

from __future__ import annotations

import json
import shlex
from typing import Final

API_PORT: Final = 6443
ADMIN_CONF: Final = "/etc/kubernetes/admin.conf"
ETCD_MANIFEST: Final = "/etc/kubernetes/manifests/etcd.yaml"
CONTROL_PLANE_MANIFEST: Final = "/etc/kubernetes/manifests/kube-apiserver.yaml"

_ETCD_PKI: Final = "/etc/kubernetes/pki/etcd"


def api_url(address: str) -> str:
    """Of the API server on a host of this node address, whoever passes on the endpoint."""
    return f"https://{address}:{API_PORT}"


def kubectl(address: str, arguments: str) -> str:
    """A kubectl command against the API server of the host it runs on."""
    return f"{kubectl_words(address)} {arguments}"


def kubectl_words(address: str) -> str:
    """What such a command begins with, for a script that adds its own arguments."""
    server = shlex.quote(api_url(address))
    return f"kubectl --kubeconfig {ADMIN_CONF} --server {server} --request-timeout=30s"


def etcd_request(path: str, body: str, seconds: int = 20, address: str = "127.0.0.1") -> str:
    """A curl command that asks the host's own etcd, or another control plane's, by its JSON API.

    + seconds: how long it may take to answer
    + address: of the control plane whose etcd it is

    Its image has no shell from 3.6 on, and no EL has etcdctl.
    """
    client = f"--cert {_ETCD_PKI}/healthcheck-client.crt --key {_ETCD_PKI}/healthcheck-client.key"
    return (
        f"curl -fsS --max-time {seconds} --noproxy '*' --cacert {_ETCD_PKI}/ca.crt {client} "
        f"https://{address}:2379{path} -d {shlex.quote(body)}"
    )


def member_removal(identity: str) -> str:
    """A curl command that has the host's own etcd count a member no more, by its number."""
    return etcd_request("/v3/cluster/member/remove", json.dumps({"ID": identity}))
