"""Who has changed the objects of kubeadm's add-ons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import ParsedFact, fields, script
from k8s_ha.facts.node import init_unfinished_script
from k8s_ha.resources import read_file
from k8s_ha.untrusted import read_json

_OWN: Final = frozenset({"kubeadm", "kube-controller-manager", "kubectl-rollout", "clusterrole-aggregation-controller"})
"""Field managers that change nothing which kubeadm would take back."""


class AddonManagers(ParsedFact[Mapping[str, tuple[str, ...]]]):
    """By object of CoreDNS and kube-proxy, such as ``deployments/coredns``: who beside kubeadm has set its fields.

    + address: the host's node address, at which its own API server is asked
    """

    def command(self, address: str) -> str:
        return marked(script("require-root.sh") + init_unfinished_script(address) + read_file("facts/addons.sh"))

    def parse(self, output: list[str]) -> Mapping[str, tuple[str, ...]]:
        found = {}
        for line in fields(output)["object"]:
            name, _, text = line.partition(" ")
            found[name] = _others(read_json(text))
        if not found:
            raise ValueError("no object")
        return found


def _others(given: Any) -> tuple[str, ...]:
    """A scale is no change: kubeadm keeps the number of CoreDNS' pods. Nor is a status."""
    entries = given["metadata"].get("managedFields") or ()
    names = {str(entry.get("manager")) for entry in entries if not entry.get("subresource")}
    return tuple(sorted(names - _OWN))
