"""Pods of our own on every node, for as long as it takes to see who reaches whom."""

from __future__ import annotations

import secrets
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Final

import gevent
from pyinfra import host, logger
from pyinfra.api import FunctionCommand, Host

from k8s_ha.catalog.control_plane import kubectl
from k8s_ha.facts.probe import Pods, ReachedFromHost, ReachedFromPods
from k8s_ha.findings import Finding, errors
from k8s_ha.operations.commands import SECONDS_BETWEEN_POLLS, read_everywhere, read_fact, run_silently
from k8s_ha.operations.isolated import isolated_operation
from k8s_ha.operations.verify import answering, member, one_line, verifier
from k8s_ha.pyinfra_internals.command_line import interrupt_kept
from k8s_ha.pyinfra_internals.state import State
from k8s_ha.reporting.console import log_findings
from k8s_ha.resources import render
from k8s_ha.run import Run
from k8s_ha.settings import HostSettings
from k8s_ha.verification import probe

_INTERRUPTED: Final = "Interrupted: the probe's pods are taken away first; again, to leave them to their deadline."

LABEL: Final = "k8s-ha/probe=true"
SECONDS_BEYOND: Final = 120
"""How long the pods may live after the probe's deadline: its last check and its removal fall into it."""

SECONDS_BEYOND_ALL: Final = 600
"""How much longer than its deadline the whole probe may take: more than its own bounds allow to make and remove it."""


@isolated_operation
def pods_probed(run: Run) -> Generator[FunctionCommand]:
    """Have pods of our own, one a node, reach each other and each other's Services, within ``verify_timeout_seconds``.

    Everything is in a namespace of its own, which is taken away, and so are those of earlier probes that were killed.
    """
    if host.name == verifier(run):
        yield FunctionCommand(_probe, (run,), {})
    else:
        host.noop(f"{verifier(run)} checks")


def _probe(state: State, host: Host, run: Run) -> bool:  # pyinfra gives state and host by these names
    """Whether all was well; says what was not."""
    control_plane, _ = answering(run)
    if control_plane is None:
        logger.error("The network was not probed: no control plane's own API server is ready.")
        return False
    started = Probe(run, control_plane)
    with interrupt_kept(_INTERRUPTED) as interrupted:
        try:
            findings = started.findings_in_time(interrupted)
        finally:
            started.removed()
    run.log.findings += findings
    log_findings(findings)
    wrong = errors(findings)
    if wrong:
        allowed = run.cluster.settings.verify_timeout_seconds
        logger.error(f"The network does not work as it should after {allowed} seconds: {one_line(wrong)}.")
        return False
    if not interrupted:
        number = len(run.cluster.nodes)
        logger.info(f"Pods of our own on {number} nodes reached each other and {number} Services; they are gone again.")
    return not interrupted


@dataclass
class Probe:
    """One probe.

    + control_plane: the one whose API server is asked, on itself
    """

    run: Run
    control_plane: HostSettings
    namespace: str = field(default_factory=lambda: f"k8s-ha-probe-{secrets.token_hex(3)}")

    def findings_in_time(self, interrupted: list[int]) -> list[Finding]:
        """The pods made, and the findings of the first check without any, or of the first after the deadline."""
        allowed = self.run.cluster.settings.verify_timeout_seconds
        deadline = time.monotonic() + allowed
        refused = self._created(allowed + SECONDS_BEYOND)
        if refused:
            wanted, remedy = "its pods made", "see what is said, then run this again"
            return [
                Finding(self.control_plane.name, "probe", f"the probe could not be made: {refused}", wanted, remedy)
            ]
        while True:
            last = time.monotonic() > deadline or bool(interrupted)
            findings = self._findings()
            if last or not findings:
                return [] if interrupted else findings
            gevent.sleep(SECONDS_BETWEEN_POLLS)

    def removed(self) -> None:
        """Take everything away, whichever control plane can do it; says so where none can."""
        control_planes = sorted(
            self.run.cluster.control_planes, key=lambda control_plane: control_plane != self.control_plane
        )
        delete = f"delete namespace {self.namespace} --ignore-not-found --timeout=60s --request-timeout=70s"
        for control_plane in control_planes:
            if self._kubectl(control_plane, delete) is not None:
                return
        logger.error(
            f"The namespace {self.namespace} could not be removed; its pods end by themselves; "
            f"run `kubectl delete namespace {self.namespace}`."
        )

    def _created(self, seconds: int) -> str:
        """What is said where the pods could not be made; empty where they were."""
        manifest = render(
            "probe.yaml.j2",
            namespace=self.namespace,
            targets=probe.targets(self.run.cluster),
            image=self.run.cluster.mirror.probe_image,
            port=probe.PORT,
            seconds=seconds,
        )
        self._kubectl(self.control_plane, f"delete namespace -l {LABEL} --ignore-not-found --wait=false")
        said = self._kubectl(self.control_plane, "apply -f - 2>&1 && echo made", stdin=manifest, failing=True)
        if said is None:
            return f"{self.control_plane.name} could not be spoken to"
        return "" if said.endswith("made") else said.strip() or "nothing was said"

    def _kubectl(
        self, control_plane: HostSettings, arguments: str, stdin: str | None = None, failing: bool = False
    ) -> str | None:
        command = f"timeout 90 {kubectl(control_plane.address, arguments)}" + " || true" * failing
        return run_silently(member(control_plane), command, stdin)

    def _findings(self) -> list[Finding]:
        where = {"address": self.control_plane.address, "namespace": self.namespace}
        cluster = self.run.cluster
        pods: probe.ProbePods = read_fact(member(self.control_plane), Pods, **where) or probe.ProbePods()
        findings = list(probe.pod_findings(pods, cluster))
        if findings:
            return findings
        asks = probe.peers(cluster)
        services = {host: [probe.service_address(pods, target) for target in targets] for host, targets in asks.items()}
        name = probe.name_address(cluster, self.namespace)
        asked = {
            target.pod: [*(probe.pod_address(pods, peer) for peer in asks[target.host]), *services[target.host], name]
            for target in probe.targets(cluster)
        }
        from_hosts = gevent.spawn(
            read_everywhere,
            ReachedFromHost,
            {member(node): {"addresses": services[node.name]} for node in cluster.nodes},
        )
        from_pods = read_fact(member(self.control_plane), ReachedFromPods, **where, asked=asked) or {}
        host_answers = {
            (name, address): answer
            for name, reached in from_hosts.get().items()
            for (_, address), answer in (reached or {}).items()
        }
        return list(probe.reach_findings(probe.Reading(pods, from_pods, host_answers, name), cluster))
