"""What the cluster answers on its leader."""

from __future__ import annotations

import shlex
from typing import Any

from k8s_ha.catalog.control_plane import kubectl
from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import ParsedFact, fields, script
from k8s_ha.observations.api_status import ApiStatus, PodState
from k8s_ha.untrusted import read_json


class ManifestDigest(ParsedFact[str]):
    """The digest of the manifest that a live object was applied with; empty where there is none.

    + address: the host's node address
    + resource: such as ``daemonset/kube-flannel-ds``
    + namespace: its namespace
    """

    def command(self, address: str, resource: str, namespace: str) -> str:
        return marked(
            "timeout 30 "
            + kubectl(address, f"-n {shlex.quote(namespace)} get {shlex.quote(resource)} --ignore-not-found ")
            + r"-o jsonpath='{.metadata.annotations.k8s-ha/manifest-digest}'"
        )

    def parse(self, output: list[str]) -> str:
        return "".join(output)


class FlannelConfig(ParsedFact[tuple[str, str]]):
    """Flannel's configuration as the cluster keeps it, JSON, and the pod network that the nodes have parts of.

    Both are empty where there are none.

    + address: the host's node address
    """

    def command(self, address: str) -> str:
        flannel = kubectl(address, "-n kube-flannel get configmap kube-flannel-cfg --ignore-not-found ")
        nodes = kubectl(address, "-n kube-system get configmap kubeadm-config ")
        return marked(
            f"config=$(timeout 30 {flannel} -o jsonpath='{{.data.net-conf\\.json}}') || exit\n"
            f"kept=$(timeout 30 {nodes} -o jsonpath='{{.data.ClusterConfiguration}}') || exit\n"
            """echo "config $(echo "$config" | tr -d '\\n')"\n"""
            """echo "$kept" | sed -n 's/^ *podSubnet: */pods /p'"""
        )

    def parse(self, output: list[str]) -> tuple[str, str]:
        values = fields(output)
        return values["config"][0], next(iter(values["pods"]), "")


class ClusterInfo(ParsedFact[dict[str, Any]]):
    """The ConfigMap that joining hosts are told of the cluster by, as kubectl prints it; empty where there is none.

    + address: the host's node address
    """

    def command(self, address: str) -> str:
        asked = kubectl(address, "-n kube-public get configmap cluster-info --ignore-not-found -o json")
        return marked(f"timeout 30 {asked}")

    def parse(self, output: list[str]) -> dict[str, Any]:
        text = "\n".join(output).strip()
        return dict(read_json(text)) if text else {}


class ApiStatusFact(ParsedFact[ApiStatus]):
    """The cluster's state as the host's own API server tells it, and whether the endpoint answers from there.

    + address: the host's node address
    + endpoint: the cluster's, ``HOST:PORT``; a host of another cluster tells nothing
    """

    def command(self, address: str, endpoint: str) -> str:
        return marked(script("api-status.sh", ADDRESS=address, ENDPOINT=endpoint))

    def parse(self, output: list[str]) -> ApiStatus:
        values = fields(output)
        nodes = [_padded(line, 3) for line in values["node"]]
        services = [_padded(line, 3) for line in values["service"]]
        return ApiStatus(
            answers="own" in values["readyz"],
            endpoint_answers="endpoint" in values["readyz"],
            nodes={name: ready == "True" for name, ready, _ in nodes},
            versions={name: version for name, _, version in nodes},
            pods=tuple(_pod(line) for line in values["pod"]),
            services={f"{namespace}/{name}": address for namespace, name, address in services},
            kept_version=next(iter(values["kept_version"]), ""),
        )


def _padded(line: str, length: int) -> list[str]:
    return [*line.split(" "), *[""] * length][:length]


def _pod(line: str) -> PodState:
    columns, _, image = line.partition(" image=")
    namespace, name, node, phase, address = _padded(columns, 5)
    ready = [entry for entry in columns.split(" ")[5:] if entry]
    return PodState(
        namespace, name, node, phase, bool(ready) and all(entry == "true" for entry in ready), address, image
    )
