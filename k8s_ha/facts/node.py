"""What a host holds of a cluster, and what its API server answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import ParsedFact, fields, script
from k8s_ha.observations import etcd
from k8s_ha.observations.node import ClusterNode, NodeView
from k8s_ha.resources import read_file, shell_variables

INIT_MARKER: Final = "/etc/kubernetes/pki/k8s-ha-init-unfinished"
"""Left by an init of this package until it has ended well; where it is, `kubeadm reset` takes it away too."""

_CONTROL_PLANE_LABELS = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")


class Node(ParsedFact[NodeView]):
    """What kubeadm has left on a host and its own API server's answer; None where the host could not be read.

    + address: the host's node address, at which its own API server is asked
    """

    def command(self, address: str) -> str:
        commands = script("require-root.sh") + read_file("facts/artifacts.sh") + read_file("facts/etcd.sh")
        return marked(commands + init_unfinished_script(address) + read_file("facts/node.sh"))

    def parse(self, output: list[str]) -> NodeView:
        return node_view(fields(output))


def init_unfinished_script(address: str) -> str:
    """Shell that defines ``is_init_unfinished``, for the host whose node address this is."""
    return shell_variables({"ADDRESS": address, "INIT_MARKER": INIT_MARKER}) + read_file("facts/init-unfinished.sh")


def node_view(values: Mapping[str, Sequence[str]]) -> NodeView:
    """The view in the lines of artifacts.sh and node.sh, by their keys."""
    return NodeView(
        artifacts=tuple(values.get("trace", ())),
        api_server_url=next(iter(values.get("server", ())), None),
        ca_certificate="\n".join(values.get("authority", ())) or None,
        ready="readyz" in values,
        nodes=tuple(_node(line) for line in values.get("node", ())),
        join_secrets=tuple(values.get("secret", ())),
        members=etcd.members(next(iter(values.get("members", ())), "")),
        etcd_healthy=etcd.health(next(iter(values.get("etcd", ())), "")),
        busy="busy" in values,
        init_begun="begun" in values.get("init", ()),
        init_unfinished="unfinished" in values.get("init", ()),
    )


def _node(line: str) -> ClusterNode:
    name, ready, version, labels = [*line.split(" ", 3), "", "", ""][:4]
    return ClusterNode(name, ready == "True", version, any(label in labels for label in _CONTROL_PLANE_LABELS))
