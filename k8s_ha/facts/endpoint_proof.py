"""Whom a node meets at an endpoint that nobody names yet."""

from __future__ import annotations

from typing import Final

from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import ParsedFact, fields, script
from k8s_ha.observations.certificates import printed_end
from k8s_ha.observations.endpoint_proof import EndpointProof
from k8s_ha.observations.host_status import OK, answer
from k8s_ha.resources import read_file, shell_variables

QUESTIONS: Final = 8
"""How often each node asks: of three control planes five nodes miss none by chance."""


class EndpointProofFact(ParsedFact[EndpointProof]):
    """What a node of the cluster is answered at an endpoint.

    + endpoint_host, endpoint_port: of it
    + own: HOST:PORT of the node's own API server; empty on a worker
    """

    def command(self, endpoint_host: str, endpoint_port: int, own: str = "") -> str:
        values = {"HOST": endpoint_host, "PORT": str(endpoint_port), "QUESTIONS": str(QUESTIONS), "ITSELF": own}
        return marked(script("require-root.sh") + shell_variables(values) + read_file("facts/endpoint-proof.sh"))

    def parse(self, output: list[str]) -> EndpointProof:
        values = fields(output)
        own = [printed_end(text) for text in values["own"]]
        return EndpointProof(
            met=tuple(end for text in values["met"] if (end := printed_end(text))),
            failures=tuple(_failure(text) for text in values["failed"]),
            own=own[0] if own else None,
        )


def _failure(text: str) -> str:
    said = answer(text)
    return "an empty answer" if said == OK else said
