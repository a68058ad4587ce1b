"""Looking at the cluster from all its control planes, and changing what stands in it."""

from __future__ import annotations

import shlex
import time
from collections.abc import Generator, Mapping, Sequence
from typing import Final

from pyinfra import host, logger
from pyinfra.api import Host, StringCommand

from k8s_ha.cluster_state.node_state import leader
from k8s_ha.cluster_state.quorum import lost_quorum, quorum_refusal
from k8s_ha.facts.cluster import ManifestDigest
from k8s_ha.facts.node import Node
from k8s_ha.observations.node import NodeView
from k8s_ha.operations.commands import look_until, read_everywhere
from k8s_ha.operations.isolated import guarded, look
from k8s_ha.run import Run, is_executing
from k8s_ha.settings import HostSettings

SECONDS_TO_SERVE: Final = 330
"""How long an API server or an etcd may take whose host was booted, or that ended for want of its peers.

A kubelet starts such a container again after five minutes at most (kubernetes.io: Pod lifecycle, restart policy).
"""

SECONDS_TO_ELECT: Final = 30
"""How long etcd may be without a leader before that counts as a lost quorum."""


def views(run: Run, fresh: bool = False) -> dict[str, NodeView | None]:
    """What each control plane holds and answers, by inventory name; None for one that could not be read.

    Read from all of them at once and kept: joins add nodes but never take one away. Execution begins with a look of its
    own, since minutes or a person's decision may lie between it and the preparation. ``fresh`` reads again.
    """
    with run.lock:
        if fresh or not run.views or run.viewed_executing != is_executing():
            run.viewed_executing = is_executing()
            addresses = {
                host.inventory.get_host(entry.name): {"address": entry.address} for entry in run.cluster.control_planes
            }
            run.views = read_everywhere(Node, addresses)
        return run.views


def views_when_idle(nodes: Sequence[HostSettings], seconds: int) -> dict[str, NodeView | None]:
    """What hosts hold when no kubeadm of an earlier or another run is at work on them any more.

    Those where one still is after ``seconds``, and all where one is while pyinfra prepares, are left out.
    """
    targets = {host.inventory.get_host(node.name): {"address": node.address} for node in nodes}

    def idle(found: Mapping[str, NodeView | None]) -> dict[str, NodeView | None]:
        return {name: view for name, view in found.items() if view is None or not view.busy}

    allowed = seconds if is_executing() else 0
    return idle(look_until(lambda: read_everywhere(Node, targets), lambda found: idle(found) == found, allowed))


def elected(run: Run) -> HostSettings | None:
    """The control plane that leads this run; None where there is no cluster yet, or no member of it is healthy."""
    lost = {failed.name for failed in host.state.failed_hosts}
    return leader({name: view for name, view in views(run).items() if name not in lost}, run.cluster)


def leader_awaited(run: Run) -> HostSettings | None:
    """The control plane that leads; where none does, one that may come up is waited for: it may just have booted.

    Not for long where most of etcd's members are away: what comes up cannot serve then.
    """
    began = time.monotonic()

    def settled(leading: HostSettings | None) -> bool:
        lost = lost_quorum(views(run), run.cluster)
        patience = SECONDS_TO_SERVE if lost is None or lost.awaited else SECONDS_TO_ELECT
        may_come_up = any(view and view.may_come_up for view in views(run).values())
        return leading is not None or not may_come_up or time.monotonic() - began > patience

    leading = elected(run)
    if settled(leading):
        return leading
    logger.info(f"no control plane answers yet: they are waited for, {SECONDS_TO_SERVE} s at most")
    return look_until(lambda: _elected_anew(run), settled, SECONDS_TO_SERVE)


def leader_now(run: Run) -> HostSettings | None:
    """The control plane that leads by a look of this moment; after a join etcd may elect first."""
    return look_until(lambda: _elected_anew(run), bool, SECONDS_TO_ELECT)


def _elected_anew(run: Run) -> HostSettings | None:
    views(run, fresh=True)
    return elected(run)


def leads(run: Run, candidate: Host) -> bool:
    """Whether ``candidate`` is the control plane that leads this run."""
    chosen = elected(run)
    return chosen is not None and chosen.name == candidate.name


def no_leader(run: Run, wish: str) -> str:
    """The sentence for a host that needs the cluster and finds no healthy member of it."""
    lost = lost_quorum(views(run), run.cluster)
    if lost is not None:
        return f"{wish}: {quorum_refusal(lost, run.cluster)}."
    names = ", ".join(entry.name for entry in run.cluster.control_planes)
    return (
        f"{wish}: no control plane of the cluster ({names}) is healthy and still part of this run; see what they say "
        "above, then run this again, without --serial and --no-wait."
    )


def kubectl(address: str, arguments: str) -> str:
    """A kubectl command against the API server of the host it runs on."""
    server = shlex.quote(f"https://{address}:6443")
    return f"kubectl --kubeconfig /etc/kubernetes/admin.conf --server {server} --request-timeout=30s {arguments}"


@guarded
def manifest_applied(run: Run, resource: str, namespace: str, manifest: str, digest: str) -> Generator[StringCommand]:
    """Have a manifest applied, on the control plane that leads.

    + resource: the manifest's last object, such as ``daemonset/kube-flannel-ds``; it carries the digest as annotation,
      so that a manifest applied by half is applied again
    + digest: of the manifest
    """
    if not is_executing() and elected(run) is None:
        if host.name == run.cluster.control_planes[0].name:
            yield StringCommand("kubectl apply -f -")
        return
    if not leads(run, host):
        host.noop("another control plane leads")
        return
    address = run.cluster.host(host.name).address
    live = look(ManifestDigest, address=address, resource=resource, namespace=namespace)
    if live == digest:
        host.noop("the manifest is applied")
    else:
        yield StringCommand(kubectl(address, "apply -f -"), _stdin=manifest)
