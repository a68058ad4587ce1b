"""What the probe's pods and hosts tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import ParsedFact, fields, pairs, script
from k8s_ha.verification.probe import ProbePods


class Pods(ParsedFact[ProbePods]):
    """The probe's pods and Services.

    + address: node address of the control plane that is asked on itself
    + namespace: the probe's
    """

    def command(self, address: str, namespace: str) -> str:
        return marked(script("probe-pods.sh", ADDRESS=address, NAMESPACE=namespace))

    def parse(self, output: list[str]) -> ProbePods:
        values = fields(output)
        addresses, troubles = {}, {}
        said = {key: dict(pairs(values[key])) for key in ("waiting", "unscheduled")}
        failures = dict(_failure(line) for line in values["event"] if " Warning Failed" in line)
        for line in values["pod"]:
            name, phase, ready, address = [*line.split(" "), "", "", ""][:4]
            if phase == "Running" and ready == "true" and address:
                addresses[name] = address
            else:
                # The first word is an event's, since "Back-off" takes the place of the reason in the pod itself.
                reasons = (failures.get(name), said["waiting"].get(name), said["unscheduled"].get(name))
                troubles[name] = next((reason for reason in reasons if reason), phase)
        return ProbePods(addresses, troubles, dict(pairs(values["service"])))


class ReachedFromPods(ParsedFact[dict[tuple[str, str], str]]):
    """Who answered the probe's pods, by pod and HOST:PORT.

    + address, namespace: as for ``Pods``
    + asked: HOST:PORT that each pod asks, by its name
    """

    def command(self, address: str, namespace: str, asked: Mapping[str, Sequence[str]]) -> str:
        lines = "\n".join(" ".join([pod, *addresses]) for pod, addresses in asked.items())
        return marked(script("probe-from-pods.sh", ADDRESS=address, NAMESPACE=namespace, ASKED=lines))

    def parse(self, output: list[str]) -> dict[tuple[str, str], str]:
        return _reached(output)


class ReachedFromHost(ParsedFact[dict[tuple[str, str], str]]):
    """Which pod answered this host, by ``host`` and HOST:PORT.

    + addresses: HOST:PORT that it asks
    """

    def command(self, addresses: Sequence[str]) -> str:
        return marked(script("probe-from-host.sh", URLS=" ".join(addresses)))

    def parse(self, output: list[str]) -> dict[tuple[str, str], str]:
        return _reached(output)


def _reached(output: list[str]) -> dict[tuple[str, str], str]:
    lines = [[*line.split(" "), "", ""] for line in fields(output)["reached"]]
    return {(source, address): answer for source, address, answer, *_ in lines}


def _failure(event: str) -> tuple[str, str]:
    name, _, message = event.partition(" Warning ")
    return name, message
