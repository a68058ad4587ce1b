"""What a host holds of a cluster, and what its API server answers."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from pyinfra.api import FactBase

from k8s_ha.facts.lines import fields, script
from k8s_ha.node_state import ClusterNode, EtcdMember, NodeView

_CONTROL_PLANE_LABELS = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")


class Node(FactBase[NodeView]):
    """Traces of kubeadm on a host and its own API server's answer; None where the host could not be read.

    + address: the host's node address, at which its own API server is asked
    """

    def command(self, address: str) -> str:
        return script("node.sh", ADDRESS=address)

    def process(self, output: list[str]) -> NodeView:
        values = fields(output)
        return NodeView(
            traces=tuple(values["trace"]),
            server=next(iter(values["server"]), None),
            authority="\n".join(values["authority"]) or None,
            ready="readyz" in values,
            nodes=tuple(_node(line) for line in values["node"]),
            join_secrets=tuple(values["secret"]),
            members=_members(next(iter(values["members"]), "")),
            busy="busy" in values,
        )


def _node(line: str) -> ClusterNode:
    name, ready, version, labels = [*line.split(" ", 3), "", "", ""][:4]
    return ClusterNode(name, ready == "True", version, any(label in labels for label in _CONTROL_PLANE_LABELS))


def _members(answer: str) -> tuple[EtcdMember, ...]:
    """What etcd's API answers to /v3/cluster/member/list; empty where that is no such answer."""
    try:
        return tuple(
            EtcdMember(member["ID"], member.get("name", ""), urlsplit(member["peerURLs"][0]).hostname or "")
            for member in json.loads(answer)["members"]
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        return ()
