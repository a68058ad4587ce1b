"""Who leads etcd, as a control plane's own member tells it."""

from __future__ import annotations

from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import ParsedFact, fields, pairs, script
from k8s_ha.observations.etcd import Leadership, leadership
from k8s_ha.resources import read_file, shell_variables


class EtcdLeader(ParsedFact[Leadership]):
    """Whether the host's member leads, and who could in its place; None where the host could not be read.

    + address: the host's node address
    """

    def command(self, address: str) -> str:
        head = script("require-root.sh") + shell_variables({"ADDRESS": address})
        return marked(head + read_file("facts/etcd.sh") + read_file("facts/etcd-leader.sh"))

    def parse(self, output: list[str]) -> Leadership:
        values = fields(output)
        well = dict(pairs(values.get("health", ())))
        status, listed = (next(iter(values.get(key, ())), "") for key in ("status", "members"))
        return leadership(status, listed, well, next(iter(values.get("free", ())), ""))
