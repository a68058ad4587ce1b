"""A host joined to the cluster, whatever an earlier attempt has left of it, there and in the cluster."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Generator, Iterator
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate
from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.cluster_state.node_state import Membership, NodeState, classify, is_replaceable, join_refusal, membership
from k8s_ha.desired.kubeadm_config import join_config, mark_config
from k8s_ha.facts.node import INIT_MARKER, Node
from k8s_ha.facts.system import HttpsAnswer
from k8s_ha.observations.node import NodeView
from k8s_ha.operations.cluster import elected, kubectl, leader_now, leads, no_leader, views, views_when_idle
from k8s_ha.operations.commands import look_until, refuse
from k8s_ha.operations.isolated import guarded, look
from k8s_ha.operations.kubeadm import SECONDS_FOR_KUBEADM, host_reset, with_config
from k8s_ha.run import Run, is_executing
from k8s_ha.settings import Cluster, HostSettings

SECONDS_FOR_THE_ENDPOINT: Final = 30
"""How long a load balancer and its API servers may be silent before a join is refused."""

_MARK: Final = "init phase mark-control-plane"
"""The last phase of a control plane's join, which makes it one by label and taint: it serves already."""

_ETCD: Final = "/etc/kubernetes/pki/etcd"
# etcd's own JSON API: its image has no shell from 3.6 on, and no EL has etcdctl.
_REMOVE_MEMBER: Final = (
    f"curl -fsS --max-time 20 --noproxy '*' --cacert {_ETCD}/ca.crt --cert {_ETCD}/healthcheck-client.crt "
    f"--key {_ETCD}/healthcheck-client.key https://127.0.0.1:2379/v3/cluster/member/remove -d"
)


@guarded
def departed_forgotten(run: Run) -> Generator[StringCommand]:
    """Have the cluster know nothing of hosts that begin anew, on the control plane that leads.

    Of a blank host that was a member before, and of one whose join was cut off: first its etcd member, which counts for
    the quorum while it is there, then its node.
    """
    if not leads(run, host):
        host.noop("another control plane leads")
        return
    if is_executing() in run.looked_for_anew:
        host.noop("an earlier layer has done it")
        return
    run.looked_for_anew.add(is_executing())
    address = run.cluster.host(host.name).address
    known = [known for known in _beginning_anew(run) if known.any]
    if not known:
        host.noop("the cluster knows of no host that begins anew")
        return
    for departed in known:
        if departed.member is not None:
            yield StringCommand(f"""{_REMOVE_MEMBER} '{{"ID": "{departed.member.identity}"}}'""")
        if departed.node is not None:
            name = shlex.quote(departed.node.name)
            yield StringCommand(kubectl(address, f"delete node {name} --ignore-not-found --wait=false"))
    views(run, fresh=True)


def _beginning_anew(run: Run) -> Iterator[Membership]:
    """What the cluster knows of each other node's host that could be read and will join from its beginning."""
    others = [node for node in run.cluster.nodes if node.name != host.name]
    found = views_when_idle(others, SECONDS_FOR_KUBEADM)
    told = views(run, fresh=is_executing())[host.name]
    for other in others:
        view = found.get(other.name)
        if view is not None and told is not None:
            known = membership(told, other)
            if is_replaceable(view, known, classify(view, known, other, run.cluster.endpoint)):
                yield known


@guarded
def joined(run: Run, role: str) -> Generator[StringCommand]:
    """Have this host in the cluster.

    + role: ``control_plane`` or ``worker``
    """
    cluster = run.cluster
    own = cluster.host(host.name)
    wish = f"{own.hostname} was not joined"
    leading = elected(run)
    if leading is None and is_executing():
        yield refuse(no_leader(run, wish))
        return
    if leading is None:
        if own != cluster.control_planes[0]:  # which is initialised, not joined
            yield StringCommand("kubeadm join")
        return
    leading_view = views(run)[leading.name]
    view = views(run).get(host.name) if host.name == leading.name else look(Node, address=own.address)
    if view is None or leading_view is None:
        yield refuse(f"{wish}: what it holds of a cluster could not be read; see the error above.")
        return
    known = membership(leading_view, own)
    state = classify(view, known, own, cluster.endpoint)
    if state is NodeState.JOINED:
        yield from _completed(run, own, view, known)
    elif state is not NodeState.VIRGIN and not is_replaceable(view, known, state):
        yield refuse(join_refusal(view, state, own, cluster.endpoint))
    elif not is_executing():
        if state is NodeState.PARTIAL:
            yield StringCommand("kubeadm reset")
        yield StringCommand("kubeadm join")
    elif not _endpoint_answers(cluster):
        yield refuse(
            f"{wish}: no API server answers it at the endpoint {cluster.endpoint}; see that the load balancer runs and "
            "passes on to the control plane, then run this again."
        )
    else:
        yield from _join(run, own, role, leading, leading_view.authority, anew=state is NodeState.PARTIAL)


def _endpoint_answers(cluster: Cluster) -> bool:
    """Whether this host is answered at the endpoint: kubeadm would look for it five minutes."""

    def answered() -> bool:
        return look(HttpsAnswer, address=cluster.endpoint).startswith("HTTP")

    return look_until(answered, bool, SECONDS_FOR_THE_ENDPOINT)


def _join(
    run: Run, own: HostSettings, role: str, leading: HostSettings, authority: str | None, anew: bool
) -> Generator[StringCommand]:
    control_plane = role == "control_plane"
    out_of_turn = _out_of_turn(run, own) if control_plane else None
    if out_of_turn is not None:
        yield refuse(out_of_turn)
        return
    if not run.minted or authority is None:
        yield refuse(
            f"{own.hostname} was not joined: {leading.name}, which leads the cluster, made no join token in this run; "
            f"run this again with {leading.name} in it, and without --serial and --no-wait."
        )
        return
    secrets = run.secrets()
    config = join_config(
        run.cluster,
        own,
        token=secrets.token,
        ca_cert_hash=authority_hash(authority),
        certificate_key=secrets.certificate_key if control_plane else None,
        consequences=run.consequences(own.name),
    )
    done = _is_member(own)
    if anew:
        yield host_reset(run, unless=done)
    yield from with_config("kubeadm-join", "join", config, unless=done, endpoint=run.cluster.endpoint)


def _completed(run: Run, own: HostSettings, view: NodeView, known: Membership) -> Generator[StringCommand]:
    """What a cut just before the end of its init or join has left undone on a member."""
    unmarked = "control_plane" in own.role and known.node is not None and not known.node.control_plane
    ended = view.init_begun and not view.busy
    if ended:
        yield StringCommand("rm", "-f", INIT_MARKER)
    if unmarked and is_executing():
        yield from with_config("kubeadm-mark", _MARK, mark_config(run.cluster, own), unless=_is_member(own))
    elif unmarked:
        yield StringCommand(f"kubeadm {_MARK}")
    elif not ended:
        host.noop("the host is a node of the cluster")


def _is_member(own: HostSettings) -> str:
    """Shell test: the host is in the cluster, by the cluster's word; a control plane when its join has ended."""
    node = shlex.quote(own.hostname)
    ask = f"kubectl --kubeconfig /etc/kubernetes/kubelet.conf --request-timeout=10s get node {node}"
    if "control_plane" in own.role:
        ask += " -o jsonpath='{.metadata.labels}' | grep -q -e /control-plane -e /master"
    return f"[ -e /etc/kubernetes/kubelet.conf ] && {ask}"


def _out_of_turn(run: Run, own: HostSettings) -> str | None:
    """Why a control plane must not join now; None where each before it that takes part in this run is a node."""
    wish = f"{own.hostname} was not joined"
    leading = leader_now(run)
    view = views(run)[leading.name] if leading else None
    if view is None:
        return no_leader(run, wish)
    known = {node.name for node in view.nodes}
    planes = run.cluster.control_planes
    for other in planes[: planes.index(own)]:
        if other.hostname not in known and host.inventory.get_host(other.name) in host.state.activated_hosts:
            return (
                f"{wish}: control planes join one at a time, and {other.hostname} before it is not a node yet; mend "
                "that host and run this again without --serial and --no-wait."
            )
    return None


def authority_hash(certificate: str) -> str:
    """``sha256:`` and the hex digest of a PEM certificate's public key, as kubeadm's caCertHashes want it."""
    key = load_pem_x509_certificate(certificate.encode()).public_key()
    return "sha256:" + hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
