"""What a host holds of a cluster, and what its API server answers."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from k8s_ha.facts.answers import marked
from k8s_ha.facts.certificates import CERTIFICATES, certificates
from k8s_ha.facts.lines import ParsedFact, fields, pairs, script
from k8s_ha.observations import etcd
from k8s_ha.observations.node import ANNOTATION, CORDONED, RETURNED, ClusterNode, Kubeconfig, NodeView
from k8s_ha.observations.restoring import restore_mark
from k8s_ha.observations.standing import Standing
from k8s_ha.resources import read_file, shell_variables
from k8s_ha.untrusted import read_json, unix_time

T = TypeVar("T")

INIT_MARKER: Final = "/etc/kubernetes/pki/k8s-ha-init-unfinished"
"""Left by an init of this package until it has ended well; where it is, `kubeadm reset` takes it away too."""

UPGRADE_MARKER: Final = "/var/lib/k8s-ha/kubeadm-upgrade-unfinished"
"""Left by a kubeadm upgrade of this package until it has ended well: its static pods are not the last that it does."""

_CONTROL_PLANE_LABELS = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")


class Node(ParsedFact[NodeView]):
    """What kubeadm has left on a host and its own API server's answer; None where the host could not be read.

    + address: the host's node address, at which its own API server is asked
    + standing: whether it also tells what the cluster stands with
    + etcd_folder: where etcd's data may be beside /var/lib/etcd and what its manifest names
    """

    def command(self, address: str, standing: bool = False, etcd_folder: str = "") -> str:
        commands = script("require-root.sh", STANDING="yes" if standing else "", ETCD_FOLDER=etcd_folder)
        commands += read_file("facts/artifacts.sh") + read_file("facts/etcd.sh") + init_unfinished_script(address)
        commands += "".join(map(read_file, ("kubeconfig-clusters.sh", *CERTIFICATES))) * standing
        return marked(commands + read_file("facts/standing.sh") + read_file("facts/node.sh"))

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
        ca_certificate="\n".join(values["authority"]).strip() if "authority" in values else None,
        ready="readyz" in values,
        nodes=tuple(_node(line) for line in values.get("node", ())),
        join_secrets=None if "secrets" in values else tuple(values.get("secret", ())),
        members=etcd.members(next(iter(values.get("members", ())), "")),
        etcd_healthy=etcd.health(next(iter(values.get("etcd", ())), "")),
        etcd_version=_etcd_version(next(iter(values.get("etcd_version", ())), "")),
        busy="busy" in values,
        restoring=next(map(restore_mark, values.get("restoring", ())), None),
        upgrade_unfinished="upgrade" in values,
        init_begun="begun" in values.get("init", ()),
        init_unfinished="unfinished" in values.get("init", ()),
        kubeconfigs=tuple(_kubeconfig(line) for line in values.get("config", ())),
        named_clusters=tuple(_named(line) for line in values.get("names", ())),
        clock=unix_time(next(iter(values.get("clock", ())), "")),
        standing=_standing(values),
    )


def _etcd_version(text: str) -> str:
    """What etcd says at /version; empty where it says nothing."""
    found: dict[str, object] = _json(text, {})
    return str(found.get("etcdserver", ""))


def _standing(values: Mapping[str, Sequence[str]]) -> Standing:
    static_pods: dict[str, str] = {}
    for line in values.get("static_pod", ()):
        component, _, text = line.partition(" ")
        static_pods[component] = static_pods.get(component, "") + f"{text}\n"
    return Standing(
        static_pods=static_pods,
        kubelet_config="\n".join(values.get("kubelet_config", ())),
        kubelet_flags=" ".join(values.get("kubelet_flags", ())),
        serving_certificate="\n".join(values.get("serving_certificate", ())),
        set_aside=tuple(values.get("set_aside", ())),
        kube_proxy_hosts=tuple(pairs(values.get("kube_proxy_host", ()))),
        certificates=certificates(values),
        lacking_keys=tuple(values.get("lacking_key", ())),
        bundles=tuple(values.get("bundle", ())),
        objects=next(iter(values.get("objects", ())), ""),
    )


def _kubeconfig(line: str) -> Kubeconfig:
    path, server, user, authority = [*line.split(" ", 3), "", "", ""][:4]
    return Kubeconfig(path, "" if server == "-" else server, user == "yes", _decoded(authority))


def _named(line: str) -> Kubeconfig:
    path, server, authority = [*line.split(" ", 2), "", ""][:3]
    return Kubeconfig(path, server, True, _decoded(authority))


def _decoded(text: str) -> str | None:
    if text == "-":
        return None
    try:
        return base64.b64decode(text, validate=True).decode("ascii", "replace").replace("\r", "")
    except ValueError:
        return ""


def _node(line: str) -> ClusterNode:
    name, ready, version, labels, address, taints, annotations = [*line.split(" ", 6), *[""] * 6][:7]
    noted: dict[str, object] = _json(annotations, {})
    held: dict[str, object] = _json(labels, {})
    tainted: list[Mapping[str, str]] = _json(taints, [])
    is_returned = str(noted.get(CORDONED)).startswith(RETURNED)
    return ClusterNode(
        name,
        ready == "True",
        version,
        any(label in held for label in _CONTROL_PLANE_LABELS),
        labels={str(key): str(value) for key, value in held.items()},
        address=address,
        taints=tuple(_taint(taint) for taint in tainted),
        owned=str(noted.get(ANNOTATION, "")),
        is_cordoned=CORDONED in noted and not is_returned,
        is_returned=is_returned,
    )


def _json(text: str, nothing: T) -> T:
    """What a column of jsonpath holds; nothing where the object has no such field."""
    found = read_json(text) if text[:1] in ("{", "[") else nothing
    return found if isinstance(found, type(nothing)) else nothing


def _taint(taint: Mapping[str, str]) -> str:
    value = taint.get("value")
    return f"{taint['key']}{f'={value}' if value else ''}:{taint['effect']}"
