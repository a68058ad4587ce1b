"""What hosts are asked of the cluster's state, and what they tell. Values in, values out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from k8s_ha.observations import etcd
from k8s_ha.observations.api_status import API_SERVICE, DNS_SERVICE, ApiStatus
from k8s_ha.observations.backup import BackupState
from k8s_ha.observations.certificates import Validity
from k8s_ha.observations.etcd import Member, Storage
from k8s_ha.observations.node import NodeView
from k8s_ha.settings import Cluster, HostSettings
from k8s_ha.untrusted import json_object, whole_number

OK: Final = "ok"
PROXY_CONFIG: Final = "/etc/nginx/conf.d/tcp.d/kube-api-server.conf"
"""nginx's file with the API servers, on load balancers, with a `stream` block of its own."""

SHARED_PROXY_CONFIG: Final = "/etc/nginx/k8s-ha/kube-api-server.conf"
"""The same for a `stream` block of the owner's, which includes it; no wildcard of theirs reads that folder."""

QUESTIONS: Final = 8
"""How often a Service is asked: kube-proxy picks one of its 2 or 3 backends by chance, and none should be missed."""

KUBELET_PORT: Final = 10248
PROXY_PORT: Final = 10256


@dataclass(frozen=True)
class EtcdStatus:
    """What the etcd of a control plane says of itself and of its cluster.

    + health: ``ok``, or what is wrong
    + leader: identity of the leading member; empty where it knows none
    + storage: None where it does not tell
    """

    health: str
    members: tuple[Member, ...]
    leader: str
    storage: Storage | None = None


@dataclass(frozen=True)
class HostStatus:
    """What one host tells. Answers are ``ok`` or what was said instead; those to one address are in no order.

    + kubelet, proxy: their health; None where not asked
    + apis: answers of API servers by HOST:PORT
    + servers: the end of the certificates that answers came with, by HOST:PORT; without those that were none
    + dns: what name servers said, by address: the asked name's addresses, or why none
    + nginx: whether it runs
    + backends: what nginx passes on to, HOST:PORT, with the options of each
    + backend_answers: answers of API servers there
    + keepalived: whether it runs
    + has_virtual_address: whether the balancer has the address that moves
    + own_interface: the MAC address of the interface that it has or would have it on; empty where that was not told
    + virtual_answers: those that answered when it asked who has it
    + backup: what a control plane holds of backups by schedule
    """

    view: NodeView
    kubelet: str | None
    proxy: str | None
    apis: Mapping[str, tuple[str, ...]]
    dns: Mapping[str, tuple[str, ...]]
    etcd: EtcdStatus | None
    nginx: bool
    backends: Mapping[str, str]
    backend_answers: Mapping[str, str]
    servers: Mapping[str, tuple[datetime, ...]] = field(default_factory=dict)
    keepalived: bool = False
    has_virtual_address: bool = False
    own_interface: str = ""
    virtual_answers: tuple[str, ...] = ()
    backup: BackupState = field(default_factory=BackupState)

    @property
    def certificates(self) -> Mapping[str, Validity | None]:
        """How long each is valid, by path; None for a file that holds no certificate."""
        return self.view.standing.certificates


@dataclass(frozen=True)
class HostAnswers:
    """What the last check was answered by one host, as a person looks it over.

    + host: inventory name, or ``THE_CLUSTER``
    + version: its kubelet's, as the API tells it; None for none
    + answers: ``ok`` or what was found instead, by name of the check
    + backends: HOST:PORT that its balancer passes on to; None where it has none
    + holds: what one host alone has, such as the lead of etcd
    """

    host: str
    version: str | None
    answers: Mapping[str, str]
    backends: tuple[str, ...] | None = None
    holds: tuple[str, ...] = ()


def asked(cluster: Cluster, host: HostSettings, api_status: ApiStatus) -> dict[str, Any]:
    """What the host is asked: the arguments of the fact ``HostStatusFact``."""
    node = host.is_node
    networked = cluster.settings.pod_network != "none"
    dns = [pod.address for pod in api_status.dns_servers] + QUESTIONS * _service(api_status, DNS_SERVICE)
    apis = [*api_servers(cluster), cluster.endpoint] + QUESTIONS * [
        f"{ip}:443" for ip in _service(api_status, API_SERVICE)
    ]
    patches = cluster.settings.kubeadm_patches
    kubelet = patches.get("KubeletConfiguration", {}).get("healthzPort", KUBELET_PORT)
    proxy = patches.get("KubeProxyConfiguration", {}).get("healthzBindAddress", f":{PROXY_PORT}")
    virtual = (cluster.virtual_address or "") if "load_balancer" in host.role else ""
    return {
        "apis": apis if node else [],
        "servers": _servers(cluster, host),
        "name_servers": dns if node and networked else [],
        "question": api_name(cluster),
        "kubelet_port": _port(f":{kubelet}", KUBELET_PORT) if node else 0,
        "proxy_port": _port(str(proxy), PROXY_PORT) if node else 0,
        "etcd": "control_plane" in host.role,
        "balancer": f"{PROXY_CONFIG} {SHARED_PROXY_CONFIG}" if "load_balancer" in host.role else "",
        "virtual": virtual,
        "address": host.address if virtual else "",
    }


def _servers(cluster: Cluster, host: HostSettings) -> list[str]:
    """Where the balancer is somebody else's, whom it leads to is asked, and on control planes who they are."""
    if not (host.is_node and cluster.is_external):
        return []
    own = [f"{host.address}:{cluster.api_port}"] if "control_plane" in host.role else []
    return own + QUESTIONS * [cluster.endpoint]


def api_servers(cluster: Cluster) -> dict[str, HostSettings]:
    """The control planes by HOST:PORT of their own API servers."""
    return {f"{control_plane.address}:{cluster.api_port}": control_plane for control_plane in cluster.control_planes}


def api_name(cluster: Cluster) -> str:
    """The name that every cluster's DNS knows: that of the API's Service."""
    return f"kubernetes.default.svc.{cluster.settings.dns_domain}"


def _service(api_status: ApiStatus, name: str) -> list[str]:
    address = api_status.services.get(name, "")
    return [address] if address and address != "None" else []


def _port(address: str, default: int) -> int:
    """The port of a health's address: 0 for "" and for port 0, which turn it off; an address alone has the default."""
    port = whole_number(address.rpartition(":")[2]) if ":" in address else None
    return port if port is not None else default if address else 0


_CURL: Final = {
    "6": "its name is not known",
    "7": "no connection",
    "28": "no answer in time",
    "35": "no TLS",
    "51": "a certificate for another name",
    "52": "an empty answer",
    "56": "the connection was cut",
    "60": "a certificate that the cluster's CA has not signed",
}


def answer(text: str) -> str:
    """``ok`` or a phrase, from what curl printed."""
    text = text.strip()
    status = re.search(r"^curl: \(22\).*error: (\d+)", text)
    if status:
        return f"HTTP {status[1]}"
    failure = re.match(r"curl: \((\d+)\) (.*)", text)
    if failure:
        return _CURL.get(failure[1], failure[2])
    return text or "an empty answer"


def etcd_status(health: str, members: str, status: str, quota: str = "") -> EtcdStatus:
    """etcd's own JSON of /health, /v3/cluster/member/list and /v3/maintenance/status, or what curl said instead.

    + quota: as for ``etcd.storage``
    """
    state = OK if etcd.health(health) else str(json_object(health).get("reason") or "") or answer(health)
    leader = str(json_object(status).get("leader") or "0")
    return EtcdStatus(state, etcd.members(members), "" if leader == "0" else leader, etcd.storage(status, quota))
