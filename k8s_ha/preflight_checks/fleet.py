"""What only shows when hosts are held beside each other. One rule a function."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from k8s_ha.catalog.check_names import CheckName
from k8s_ha.findings import Finding, Severity
from k8s_ha.observations.clock import Interval, ahead, reference
from k8s_ha.preflight_checks import limits
from k8s_ha.preflight_checks.model import HostContext

NO_UUIDS = ("", "00000000-0000-0000-0000-000000000000", "03000200-0400-0500-0006-000700080009")
"""What mainboards carry whose maker gave them none."""


def clocks(contexts: Sequence[HostContext]) -> Iterator[Finding]:
    """Clocks that differ from the other hosts', or from the operator's."""
    yield from clock_findings(
        {
            context.host.name: context.preflight.clock
            for context in contexts
            if context.preflight.clock and context.is_ours
        }
    )


def clock_findings(known: Mapping[str, Interval]) -> Iterator[Finding]:
    """The same of these.

    + known: against the operator's, by inventory name
    """
    right = reference(known, limits.CLOCK_SECONDS)
    if right is None:
        return
    skews = {name: ahead(clock, known[right]) for name, clock in known.items()}
    wrong = {name: skew for name, skew in skews.items() if abs(skew) > limits.CLOCK_SECONDS}
    for name, skew in wrong.items():
        yield Finding(
            name,
            "clock",
            f"its clock is {_seconds(skew)} that of {_others(right, known, wrong)}",
            f"{limits.CLOCK_SECONDS:.0f} s at most, for certificates and etcd",
            "set it, and have chronyd keep it",
        )
    for name, clock in known.items():
        skew = ahead(clock, Interval(0, 0))
        if name not in wrong and abs(skew) > limits.OPERATOR_SECONDS:
            yield Finding(
                name,
                "clock",
                f"its clock is {_seconds(skew)} that of your machine",
                f"{limits.OPERATOR_SECONDS:.0f} s at most: your machine says when a join token expires",
                "set the clock that is wrong",
                "error" if abs(skew) > limits.OPERATOR_ERROR_SECONDS else "warning",
            )


def _seconds(skew: float) -> str:
    return f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'}"


def _others(right: str, known: Mapping[str, Interval], wrong: Mapping[str, float]) -> str:
    more = len(known) - len(wrong) - 1
    return f"{right} and {more} more" if more else right


def machine_ids(contexts: Sequence[HostContext]) -> Iterator[Finding]:
    """Hosts cloned with their machine-id."""
    for context, twins in _twins(
        contexts, {context.host.name: context.preflight.machine_id for context in contexts}, ("",)
    ):
        yield _duplicate(
            context,
            "machine-id",
            f"/etc/machine-id is that of {twins} too",
            "remove that file there, run `systemd-machine-id-setup`, and boot again",
        )


def product_uuids(contexts: Sequence[HostContext]) -> Iterator[Finding]:
    """Machines that say they are the same one."""
    for context, twins in _twins(
        contexts, {context.host.name: context.preflight.product_uuid for context in contexts}, NO_UUIDS
    ):
        yield _duplicate(
            context,
            "product-uuid",
            f"its machine's UUID is that of {twins} too",
            "give the virtual machine a UUID of its own where it is defined",
        )


def _duplicate(context: HostContext, check: CheckName, found: str, remedy: str) -> Finding:
    severity: Severity = "error" if context.becomes_node else "warning"
    return Finding(context.host.name, check, found, "Kubernetes tells nodes apart by it", remedy, severity)


def _twins(
    contexts: Sequence[HostContext], values: Mapping[str, str], nobodys: Sequence[str]
) -> Iterator[tuple[HostContext, str]]:
    """Nodes that share a value with other hosts, and those hosts' names."""
    owners: dict[str, list[str]] = defaultdict(list)
    for name, value in values.items():
        owners[value].append(name)
    for context in contexts:
        value = values[context.host.name]
        twins = [name for name in owners[value] if name != context.host.name]
        if context.host.is_node and twins and value not in nobodys:
            yield context, ", ".join(twins)
