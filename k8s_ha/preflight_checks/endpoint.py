"""What keeps hosts from the endpoint. One rule a function."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network
from typing import Final

from k8s_ha.findings import Finding
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.preflight_checks.model import HostContext
from k8s_ha.settings.syntax import is_inside
from k8s_ha.untrusted import printable, some

NO_ROUTE: Final = ("RTNETLINK", "unreachable", "prohibit", "blackhole", "Error:")
"""How ``ip route get`` begins where there is none."""

_CHECK: Final = "endpoint"
_EVERYBODY: Final = "every host reaches the API there"


def route(context: HostContext) -> Iterator[Finding]:
    """No way to the endpoint."""
    found = context.preflight.endpoint_route
    if found.startswith(NO_ROUTE):
        yield Finding(
            context.host.name,
            _CHECK,
            f"has no route to the endpoint {context.cluster.endpoint} ({found})",
            _EVERYBODY,
            "add a route, or choose an endpoint that it reaches",
        )


def name(context: HostContext) -> Iterator[Finding]:
    """A name of the endpoint that is left to DNS, and leads nowhere or past this package's own balancer."""
    if not _resolves(context):
        return
    cluster, addresses = context.cluster, context.preflight.endpoint_addresses
    asked = cluster.endpoint_host
    wanted = {cluster.virtual_address} if cluster.virtual_address else {host.address for host in cluster.endpoint_at}
    if not addresses:
        remedy = "correct the name, or have its name servers know it"
        if not cluster.is_external:
            remedy += "; or set endpoint_name_in_hosts = True"
        yield Finding(context.host.name, _CHECK, f"cannot resolve the endpoint's name {asked}", _EVERYBODY, remedy)
    elif wanted and not {*addresses} <= wanted:
        yield Finding(
            context.host.name,
            _CHECK,
            f"resolves the endpoint's name {asked} to {', '.join(addresses)}",
            f"the endpoint is at {', '.join(sorted(wanted))}",
            "correct it in DNS or in that host's /etc/hosts",
        )


def inside(context: HostContext) -> Iterator[Finding]:
    """A name of the endpoint that leads into the pods' or the Services' network."""
    if not _resolves(context):
        return
    for setting in ("pod_cidr", "service_cidr"):
        network = IPv4Network(getattr(context.cluster.settings, setting))
        addresses = [each for each in context.preflight.endpoint_addresses if is_inside(each, network)]
        if addresses:
            yield Finding(
                context.host.name,
                _CHECK,
                f"resolves the endpoint's name {context.cluster.endpoint_host} to {', '.join(addresses)}",
                f"{setting} {network} is of the cluster's own",
                f"correct the name, or choose another {setting}",
            )


def one_name(contexts: Sequence[HostContext]) -> Iterator[Finding]:
    """A name of somebody else's balancer that leads to different ones; on a cluster that stands it is only said."""
    answers: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for context in contexts:
        if context.cluster.is_external and _resolves(context) and context.preflight.endpoint_addresses:
            answers[context.preflight.endpoint_addresses].append(context.host.name)
    if len(answers) < 2:
        return
    asked = contexts[0].cluster.endpoint_host
    told = [f"{', '.join(addresses)} on {some(hosts)}" for addresses, hosts in sorted(answers.items())]
    yield Finding(
        THE_CLUSTER,
        _CHECK,
        f"the endpoint's name {asked} is {'; '.join(told)}",
        "all hosts reach the API at one place",
        "correct it in DNS or in those hosts' /etc/hosts",
        "warning" if any(context.survey.node for context in contexts) else "error",
    )


def not_begun(contexts: Sequence[HostContext]) -> Iterator[Finding]:
    """What answers at somebody else's balancer before there is a cluster, or that nothing is there."""
    told: dict[tuple[str, str], list[str]] = defaultdict(list)
    asked = [context for context in contexts if context.preflight.endpoint_answer]
    for context in asked:
        kind, _, words = context.preflight.endpoint_answer.partition(" ")
        if kind in _WRONG:
            told[kind, printable(words.strip())].append(context.host.name)
    for (kind, words), hosts in told.items():
        found, wanted, remedy = _WRONG[kind]
        sentence = found.format(endpoint=asked[0].cluster.endpoint, words=words)
        whose = "" if len(hosts) == len(asked) else f", asked from {some(hosts)}"
        yield Finding(THE_CLUSTER, _CHECK, f"{sentence}{whose}", wanted, remedy)


_WRONG: Final = {
    "api": (
        "an API server answers at the endpoint {endpoint}, and none of these hosts has a cluster",
        "the endpoint belongs to one cluster",
        "choose another endpoint, or add the hosts of that cluster",
    ),
    "other": (
        "what answers at the endpoint {endpoint} speaks TLS or HTTP itself, and is no API server",
        "the balancer passes TCP on as it is",
        "have it balance TCP, not HTTPS; `k8s_ha.external_balancer` writes examples",
    ),
    "held": (
        "what listens at the endpoint {endpoint} holds a connection without a word, so that a cluster may be behind it",
        "as long as no API server is up it refuses or closes",
        "see whom it passes on to, and have its own checks leave out who does not answer",
    ),
    "silent": (
        "nothing answers at the endpoint {endpoint} ({words})",
        "a balancer listens there; it may refuse as long as no API server is up",
        "start the balancer, and open its port to the nodes",
    ),
}


def _resolves(context: HostContext) -> bool:
    """Whether the host is to resolve the endpoint's name by itself."""
    is_asked = context.host.is_node or "admin" in context.host.role
    return is_asked and context.cluster.resolves_endpoint
