"""What a host tells for a report of an error."""

from __future__ import annotations

from collections.abc import Sequence

from pyinfra.api import FactBase

from k8s_ha.catalog.diagnosis import CLUSTER_PARTS, HOST_PARTS, KIBIBYTES_OF_A_HOST, SECONDS_OF_A_HOST, PartRow
from k8s_ha.diagnosis.parts import Part, parts_of
from k8s_ha.facts.answers import LOCALE
from k8s_ha.facts.lines import script
from k8s_ha.resources import read_file


def _command(rows: Sequence[PartRow], seconds: int = SECONDS_OF_A_HOST) -> str:
    return f"export LC_ALL={LOCALE}\n" + script(
        "diagnosis-parts.sh",
        PARTS=" ".join(row.asked for row in rows),
        KIBIBYTES=str(KIBIBYTES_OF_A_HOST),
        SECONDS_ALLOWED=str(seconds),
    )


class HostDiagnosis(FactBase[list[Part]]):
    """The parts that a host tells of itself, also where it did not come to its end."""

    def command(self) -> str:
        return _command(HOST_PARTS) + read_file("facts/first-certificate.sh") + read_file("facts/diagnosis.sh")

    def process(self, output: list[str]) -> list[Part]:
        return parts_of(output, HOST_PARTS)


class ClusterDiagnosis(FactBase[list[Part]]):
    """The parts that a control plane tells of the cluster, by its own API server.

    + address: the host's own
    """

    def command(self, address: str) -> str:
        return _command(CLUSTER_PARTS) + script("diagnosis-cluster.sh", ADDRESS=address)

    def process(self, output: list[str]) -> list[Part]:
        return parts_of(output, CLUSTER_PARTS)
