"""What the steps do by which a standing cluster's endpoint moves; each asks first whether it is done."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Generator, Sequence
from typing import Final

from pyinfra import host, logger
from pyinfra.api import StringCommand

from k8s_ha.cluster_state.change_steps import Edits
from k8s_ha.cluster_state.endpoint_steps import KUBE_PROXY, kubeconfigs_due
from k8s_ha.cluster_state.former_endpoints import CLUSTER
from k8s_ha.desired.former_endpoint import is_told
from k8s_ha.facts.cluster import ClusterInfo
from k8s_ha.facts.endpoint_proof import EndpointProofFact
from k8s_ha.facts.node import Node
from k8s_ha.findings import errors
from k8s_ha.observations.certificates import fingerprints
from k8s_ha.observations.endpoint_proof import EndpointProof
from k8s_ha.observations.kubeconfig import with_server
from k8s_ha.observations.node import Kubeconfig, NodeView
from k8s_ha.observations.standing import KEPT_KUBECONFIGS
from k8s_ha.operations.commands import (
    fail_host,
    long_command,
    planned,
    poll_until,
    read_everywhere,
    run_elsewhere,
)
from k8s_ha.operations.drain import await_commands
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.kept_configuration import changed_object, readable, replaced, require_serving_view
from k8s_ha.operations.settings_rollout import SECONDS_FOR_A_POD, kube_proxy_rolled
from k8s_ha.preflight_checks.endpoint_move import unproven
from k8s_ha.resources import read_file, shell_variables
from k8s_ha.run import Run, is_executing
from k8s_ha.settings import HostSettings

SECONDS_TO_LEAD: Final = 30
"""How long a balancer that was just configured may take to lead to every control plane."""

SECONDS_FOR_KUBECONFIGS: Final = 900
"""How long a host's kubeconfigs and the restarts of who reads them may take, also back."""


def endpoint_proofs(run: Run) -> dict[str, EndpointProof | None]:
    """What each node that stands is answered at the wanted endpoint, by inventory name; None where it did not tell."""
    cluster = run.cluster
    nodes = [entry for entry in cluster.nodes if entry.name in run.surveys and run.surveys[entry.name].node]
    return read_everywhere(
        EndpointProofFact,
        {
            host.inventory.get_host(entry.name): {
                "endpoint_host": cluster.endpoint_target,
                "endpoint_port": cluster.endpoint_port,
                "own": f"{entry.address}:{cluster.api_port}" if "control_plane" in entry.role else "",
            }
            for entry in nodes
        },
    )


@isolated_operation
def endpoint_proved(run: Run) -> Generator[StringCommand]:
    """Have the wanted endpoint lead every node to this cluster, before anything names it; changes nothing."""
    if not is_executing():
        yield planned(f"curl https://{run.cluster.endpoint}/readyz, on every node")
        return
    found = poll_until(
        lambda: [*unproven(run.cluster, endpoint_proofs(run))], lambda told: not errors(told), SECONDS_TO_LEAD
    )
    for finding in found:
        if finding.severity == "warning":
            logger.warning(str(finding))
    wrong = errors(found)
    if wrong:
        said = "; ".join(f"{finding.host}: {finding.found}" for finding in wrong)
        yield fail_host(f"The endpoint was not moved: {said}; {wrong[0].remedy}, then run this again.")
    else:
        host.noop("it leads to the cluster")


@isolated_operation
def endpoint_kept(run: Run, edits: Edits) -> Generator[StringCommand]:
    """Have the cluster keep the wanted endpoint, with the former one noted, and joining hosts be told of it.

    + edits: as for ``configuration_kept``; none where the cluster keeps it
    """
    if not is_executing():
        yield planned("kubectl replace configmap")
        return
    address = run.cluster.host(host.name).address
    view = require_fact(Node, address=address, standing=True)
    with readable():
        wanted = changed_object(view, CLUSTER, edits, remembers=True) if edits else None
    if wanted is not None:
        yield replaced(address, wanted)
    info = require_fact(ClusterInfo, address=address)
    data = info.get("data") or {}
    text = str(data.get("kubeconfig", ""))
    moved = with_server(text, _former_servers(run), _server(run))
    if moved != text:
        yield replaced(address, {**info, "data": {**data, "kubeconfig": moved}})
    elif wanted is None:
        host.noop("the cluster keeps it")


def _server(run: Run) -> str:
    return f"https://{run.cluster.endpoint}"


def _former_servers(run: Run) -> list[str]:
    return [f"https://{endpoint}" for endpoint in run.former_endpoints]


@isolated_operation
def kubeconfigs_moved(run: Run) -> Generator[StringCommand]:
    """Have this host's kubeconfigs of the cluster name the endpoint, and whoever reads them run by that; or as before.

    What names the node's own API server stays, and so does what is of another cluster by its CA.
    """
    if not is_executing():
        yield planned(f"server: {_server(run)} in its kubeconfigs")
        return
    own = run.cluster.host(host.name)
    leader, serving = require_serving_view(run, "its kubeconfigs were not changed")
    authority = fingerprints(serving.served_ca_certificate or "")
    view = require_fact(Node, address=own.address, standing=True)
    due = kubeconfigs_due(view, own, run.former_endpoints, authority)
    if not due and KEPT_KUBECONFIGS not in view.standing.set_aside:
        host.noop("its kubeconfigs name the endpoint")
        return
    said = _moved(run, own, due, "move")
    if said is None and own.is_node:
        said = run_elsewhere(host.inventory.get_host(leader.name), await_commands(own, leader, workloads=False))
        if said is not None:
            back = _moved(run, own, (), "restore")
            said += f"\n{back or f'{host.name}: its former kubeconfigs are back, and whoever reads them runs.'}"
    if said is not None:
        yield fail_host(said)
        return
    _moved(run, own, (), "keep")
    now = require_fact(Node, address=own.address, standing=True)
    yield from _proved(run, now, kubeconfigs_due(now, own, run.former_endpoints, authority))


def _proved(run: Run, view: NodeView, left: Sequence[Kubeconfig]) -> Generator[StringCommand]:
    if left:
        yield fail_host(
            f"{host.name}: its {left[0].path} still names {left[0].server}, and could not be understood; write "
            f"{_server(run)} there, then run this again."
        )
    elif KEPT_KUBECONFIGS in view.standing.set_aside:
        yield fail_host(f"{host.name}: its former kubeconfigs could not be taken away; run this again.")
    else:
        yield StringCommand("true")


def _moved(run: Run, own: HostSettings, due: Sequence[Kubeconfig], action: str) -> str | None:
    """What it said last where it failed."""
    authorities = {b64encode((entry.authority or "").encode()).decode() for entry in due}
    values = {
        "HOST": host.name,
        "ACTION": action,
        "FILES": " ".join(dict.fromkeys(entry.path for entry in due)),
        "FORMER": " ".join(_former_servers(run)),
        "SERVER": _server(run),
        "AUTHORITIES": " ".join(sorted(authorities)),
        "CHANGE": hashlib.sha256(_server(run).encode()).hexdigest(),
        "COMPONENTS": "",
        "IS_NODE": "yes" if own.is_node else "",
        "ADDRESS": own.address,
        "RUNTIME": run.cluster.settings.container_runtime,
        "LIMIT": str(SECONDS_FOR_A_POD),
    }
    parts = ("facts/etcd.sh", "copied.sh", "static-pod.sh", "kubelet-is-up.sh", "kubeconfig-clusters.sh")
    script = shell_variables(values) + "".join(map(read_file, (*parts, "move-kubeconfigs.sh")))
    return run_elsewhere(
        host.inventory.get_host(host.name),
        long_command("move-kubeconfigs", script, seconds=SECONDS_FOR_KUBECONFIGS, lock="kubeadm"),
    )


@isolated_operation
def kube_proxy_moved(run: Run) -> Generator[StringCommand]:
    """Have kube-proxy ask at the endpoint, and all its pods run by that; or by what it asked before."""
    if not is_executing():
        yield planned("kubectl rollout restart daemonset/kube-proxy")
        return
    own = run.cluster.host(host.name)

    def view() -> NodeView:
        return require_fact(Node, address=own.address, standing=True)

    with readable():
        standing = view().standing
        before = standing.kube_proxy_server
        if before not in _former_servers(run):
            host.noop("kube-proxy asks there")
            return
        yield replaced(own.address, standing.with_kube_proxy_server([before], _server(run)))
        said = again = kube_proxy_rolled(run)
        if said is not None:
            yield replaced(own.address, view().standing.with_kube_proxy_server([_server(run)], before))
            again = kube_proxy_rolled(run)
            said = f"{said}\n{again or 'kube-proxy runs on every node with its configuration of before.'}"
        if again is None:
            # All pods run by what the ConfigMap holds now: nothing is under way.
            standing = view().standing
            yield replaced(own.address, standing.with_former(KUBE_PROXY, standing.text(KUBE_PROXY), ()))
    yield fail_host(said) if said is not None else StringCommand("true")


@isolated_operation
def move_told(run: Run) -> Generator[StringCommand]:
    """Say what became of the former endpoint; changes nothing."""
    if is_executing():
        old = ", ".join(run.former_endpoints)
        logger.info(
            f"The endpoint is {run.cluster.endpoint}. Nothing of the cluster names {old} any more; the API servers' "
            "certificates keep that name."
        )
        untold = [endpoint for endpoint in run.former_endpoints if not is_told(run.cluster, endpoint)]
        if untold:
            logger.info(f"What listens at {', '.join(untold)} was left running, and may be stopped.")
    host.noop("it is said")
    yield from ()
