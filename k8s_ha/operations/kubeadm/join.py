"""A host joined to the cluster, whatever an earlier attempt has left of it, there and in the cluster."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.catalog.control_plane import kubectl, member_removal
from k8s_ha.cluster_state.node_state import Membership
from k8s_ha.cluster_state.plan import Action, Step, decide_join, no_leader, stale_members
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.desired.kubeadm_config import join_config, mark_config
from k8s_ha.facts.node import INIT_MARKER, Node
from k8s_ha.facts.system import HttpsAnswer
from k8s_ha.observations.certificates import parsed
from k8s_ha.operations.cluster import is_leader, node_arguments, observe, observe_idle, observe_leader
from k8s_ha.operations.commands import fail_host, planned, poll_until
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.kubeadm.host_reset import host_reset
from k8s_ha.operations.kubeadm.init import SECONDS_FOR_KUBEADM, join_token_renewed, with_config
from k8s_ha.pyinfra_internals.state import was_reached
from k8s_ha.run import Run, is_executing
from k8s_ha.settings import Cluster, HostSettings

SECONDS_FOR_THE_ENDPOINT: Final = 30
"""How long a load balancer and its API servers may be silent before a join is refused."""

_MARK: Final = "init phase mark-control-plane"
"""The last phase of a control plane's join, which makes it one by label and taint: it serves already."""


@dataclass
class StaleMembers:
    """Whether stale members were looked for while preparing (False) and while executing (True)."""

    searched: set[bool] = field(default_factory=set)


@isolated_operation
def stale_members_removed(run: Run) -> Generator[StringCommand]:
    """Have the cluster know nothing of hosts that rejoin, on the leader.

    Of a blank host that was a member before, and of one whose join was cut off: first its etcd member, which counts for
    the quorum while it is there, then its node.
    """
    if not is_leader(run, host):
        host.noop("another control plane is the leader")
        return
    searched = run.part(StaleMembers).searched
    if is_executing() in searched:
        host.noop("an earlier phase has done it")
        return
    searched.add(is_executing())
    address = run.cluster.host(host.name).address
    stale = _stale_members(run)
    if not stale:
        host.noop("the cluster has no stale member of a host that rejoins")
        return
    for known in stale:
        if known.member is not None:
            yield StringCommand(member_removal(known.member.identity))
        if known.node is not None:
            name = shlex.quote(known.node.name)
            yield StringCommand(kubectl(address, f"delete node {name} --ignore-not-found --wait=false"))
    observe(run, fresh=True)


def _stale_members(run: Run) -> list[Membership]:
    """What the cluster knows of each other node's host that could be read and will join from its beginning."""
    snapshot = observe(run, fresh=is_executing())
    others = [node for node in run.cluster.nodes if node.name != host.name and not _is_alive(snapshot, node)]
    if not others:
        return []
    idle = observe_idle(others, SECONDS_FOR_KUBEADM)
    snapshot = observe(run, fresh=is_executing())
    own = {name: view for name, view in snapshot.views.items() if name == host.name}
    return stale_members(replace(snapshot, views=idle | own), others)


def _is_alive(snapshot: ClusterSnapshot, host: HostSettings) -> bool:
    """Whether the cluster has all of a node of its name, and that is Ready: then nothing of it is removed."""
    known = snapshot.known(host)
    if known.node is None or not known.node.ready:
        return False
    return "control_plane" not in host.role or (known.node.control_plane and known.member is not None)


@isolated_operation
def joined(run: Run, member: HostSettings) -> Generator[StringCommand]:
    """Have ``member`` in the cluster; other hosts that call this wait for it."""
    own = run.cluster.host(host.name)
    if member != own:
        host.noop("another host joins")
        return
    snapshot = observe(run)
    if snapshot.leader is not None and snapshot.leader != own:
        view = require_fact(Node, **node_arguments(run, own))
        snapshot = replace(snapshot, views={**snapshot.views, own.name: view})
    step = decide_join(snapshot, own, leader_to_come=not is_executing())
    if step.action is Action.REFUSE:
        yield fail_host(step.sentence)
    elif step.action is Action.FINISH:
        yield from _finished(run, own, snapshot, step)
    elif step.action is not Action.JOIN:
        host.noop(step.sentence)
    elif is_executing():
        yield from _join(run, own, snapshot, step.reset)
    else:
        yield planned(step.sentence)


def _endpoint_answers(cluster: Cluster) -> bool:
    """Whether this host is answered at the endpoint: kubeadm would wait for it five minutes."""

    def answered() -> bool:
        return require_fact(HttpsAnswer, address=cluster.endpoint).startswith("HTTP")

    return poll_until(answered, bool, SECONDS_FOR_THE_ENDPOINT)


def _join(run: Run, own: HostSettings, snapshot: ClusterSnapshot, reset: bool) -> Generator[StringCommand]:
    control_plane = "control_plane" in own.role
    reason = _not_now(run, own, control_plane, snapshot)
    if reason is not None:
        yield fail_host(reason)
        return
    view, leader, secrets = snapshot.leader_view, snapshot.leader, run.join_secrets()
    assert leader is not None and view is not None and view.served_ca_certificate is not None
    ca_cert_hash = ca_certificate_hash(view.served_ca_certificate)
    if ca_cert_hash is None:
        yield fail_host(
            f"{own.hostname} was not joined: the cluster's CA on {leader.name}, the leader, is no certificate that can "
            "be read; put it back there from another control plane, then run this again."
        )
        return
    join_token_renewed(run, leader)
    config = join_config(
        run.cluster,
        own,
        token=secrets.token,
        ca_cert_hash=ca_cert_hash,
        certificate_key=secrets.certificate_key if control_plane else None,
        caveats=run.caveats(own.name),
    )
    done = _is_member(own)
    if reset:
        yield host_reset(run, unless=done)
    yield from with_config("kubeadm-join", "join", config, unless=done, endpoint=run.cluster.endpoint)


def _not_now(run: Run, own: HostSettings, control_plane: bool, snapshot: ClusterSnapshot) -> str | None:
    """Why a host that would join must not do so now."""
    problem = f"{own.hostname} was not joined"
    if not _endpoint_answers(run.cluster):
        return (
            f"{problem}: no API server answers it at the endpoint {run.cluster.endpoint}; see that the load balancer "
            "runs and passes on to the control plane, then run this again."
        )
    out_of_turn = _out_of_turn(run, own, problem) if control_plane else None
    if out_of_turn is not None:
        return out_of_turn
    view, leader = snapshot.leader_view, snapshot.leader
    if leader and not (run.secrets.in_cluster and view and view.served_ca_certificate):
        return (
            f"{problem}: {leader.name}, the leader, made no join token in this run; "
            f"run this again with {leader.name} in it, and without --serial and --no-wait."
        )
    return None


def _finished(run: Run, own: HostSettings, snapshot: ClusterSnapshot, step: Step) -> Generator[StringCommand]:
    """What a cut just before the end of its init or join has left undone on a member."""
    view = snapshot.views[own.name]
    if view is not None and view.init_ended:
        yield StringCommand("rm", "-f", INIT_MARKER)
    if step.mark:
        yield from with_config("kubeadm-mark", _MARK, mark_config(run.cluster, own), unless=_is_member(own))


def _is_member(own: HostSettings) -> str:
    """Shell test: the host is in the cluster, by the cluster's word; a control plane when its join has ended."""
    node = shlex.quote(own.hostname)
    ask = f"kubectl --kubeconfig /etc/kubernetes/kubelet.conf --request-timeout=10s get node {node}"
    if "control_plane" in own.role:
        ask += " -o jsonpath='{.metadata.labels}' | grep -q -e /control-plane -e /master"
    return f"[ -e /etc/kubernetes/kubelet.conf ] && {ask}"


def _out_of_turn(run: Run, own: HostSettings, problem: str) -> str | None:
    """Why a control plane must not join now; None where each before it that takes part in this run is a node."""
    snapshot = observe_leader(run)
    if snapshot.leader_view is None:
        return no_leader(snapshot, problem)
    known = {node.name for node in snapshot.leader_view.nodes}
    control_planes = run.cluster.control_planes
    for other in control_planes[: control_planes.index(own)]:
        if other.hostname not in known and was_reached(host.state, host.inventory.get_host(other.name)):
            return (
                f"{problem}: control planes join one at a time, and {other.hostname} before it is not a node yet; fix "
                "that host and run this again without --serial and --no-wait."
            )
    return None


def ca_certificate_hash(certificate: str) -> str | None:
    """``sha256:`` and the hex digest of a PEM certificate's public key, as kubeadm's caCertHashes want it.

    None for what is no certificate, or has a key that nobody knows.
    """
    found = parsed(certificate.encode())
    try:
        key = found.public_key() if found else None
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if key is None:
        return None
    return "sha256:" + hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
