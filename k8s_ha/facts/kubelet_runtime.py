"""Which container runtime a node's kubelet is told to speak to."""

from __future__ import annotations

from dataclasses import dataclass

from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import ParsedFact, fields, script


@dataclass(frozen=True)
class KubeletRuntimeState:
    """What the kubelet is told, and whether it runs.

    + cri: as ``compatibility.cri`` names it; empty where nothing tells
    """

    cri: str = ""
    is_active: bool = False


class KubeletRuntime(ParsedFact[KubeletRuntimeState]):
    """Which container runtime the kubelet speaks to; None where the host could not be read."""

    def command(self) -> str:
        return marked(script("kubelet-runtime.sh"))

    def parse(self, output: list[str]) -> KubeletRuntimeState:
        values = fields(output)
        return KubeletRuntimeState(next(iter(values.get("cri", ())), ""), "kubelet_active" in values)
