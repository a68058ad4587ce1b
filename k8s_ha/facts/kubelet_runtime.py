"""Which container runtime a node's kubelet is told to speak to."""

from __future__ import annotations

from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import ParsedFact, fields, script


class KubeletRuntime(ParsedFact[str]):
    """As ``compatibility.cri`` names it, empty where nothing tells; None where the host could not be read."""

    def command(self) -> str:
        return marked(script("kubelet-runtime.sh"))

    def parse(self, output: list[str]) -> str:
        return next(iter(fields(output).get("cri", ())), "")
