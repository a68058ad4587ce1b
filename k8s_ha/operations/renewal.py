"""What the steps of a renewal do on their hosts; each asks first whether it is done."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from pyinfra import host, logger
from pyinfra.api import StringCommand
from pyinfra.api.exceptions import PyinfraError

from k8s_ha.catalog.certificates import PKI, Renewable
from k8s_ha.cluster_state.plan import no_leader
from k8s_ha.cluster_state.renewals import RenewalRule, held_of, is_due, is_kubelet_due
from k8s_ha.desired.certificates_config import certificates_config
from k8s_ha.facts.node import Node
from k8s_ha.observations.certificates import ends_of_kinds
from k8s_ha.observations.node import NodeView, certificates_of
from k8s_ha.operations.cluster import observe_leader
from k8s_ha.operations.commands import (
    fail_host,
    long_command,
    path_of_this_run,
    planned,
    read_of_hosts,
    run_elsewhere,
    run_silently,
    write,
)
from k8s_ha.operations.drain import await_commands, on_leader
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.settings_rollout import SECONDS_FOR_A_POD
from k8s_ha.operations.upgrade import serving_again
from k8s_ha.operations.verify import verifier
from k8s_ha.preflight_checks.renewal import can_sign
from k8s_ha.resources import read_file, shell_variables
from k8s_ha.run import Run, is_executing
from k8s_ha.settings import HostSettings

SECONDS_FOR_CERTIFICATES: Final = 2400
"""Four static pods, each of which may have to come up again with what it had before."""

SECONDS_FOR_A_KUBELET: Final = 180
SECONDS_TO_SIGN: Final = 120

_NEW: Final = "/var/lib/k8s-ha/new-certificates"
"""Where kubeadm makes certificates, beside those that serve."""

_CLIENT: Final = "kubelet-client"
"""What files are called that hold a kubelet's certificate and key until they are in place, in memory alone."""


@isolated_operation
def certificates_renewed(
    run: Run, rule: RenewalRule, revives: bool = False, up_to: str = ""
) -> Generator[StringCommand]:
    """Have this control plane's certificates and kubeconfigs last, and all that reads them come up with them.

    + revives: whether it is not to serve with those that are replaced, and is waited for in any case
    + up_to: a static pod with which it ends, and which it does not wait for: it needs those of other hosts
    """
    if not is_executing():
        yield planned("kubeadm certs renew")
        return
    own = run.cluster.host(host.name)
    view = require_fact(Node, address=own.address, standing=True)
    if is_due(view, rule, datetime.now(UTC)):
        names = held_of(view, run.cluster.settings.kubernetes_line.minor)
        config = path_of_this_run("certificates")
        yield write(config, certificates_config(run.cluster, own, _NEW, _kept([view])), "600")
        said = run_elsewhere(
            host.inventory.get_host(own.name),
            long_command(
                "renew-certificates",
                _script(run, own, view, names, config, up_to),
                seconds=SECONDS_FOR_CERTIFICATES,
                lock="kubeadm",
            ),
        )
        yield StringCommand("rm", "-f", config)
        if said is not None:
            yield fail_host(said)
            return
    elif not revives:
        host.noop("its certificates last")
        return
    if not up_to:
        yield from serving_again(own, "its certificates were renewed")


def _script(
    run: Run, own: HostSettings, view: NodeView, names: Mapping[Renewable, Any], config: str, up_to: str
) -> str:
    values = {
        "HOST": own.name,
        "SEEN": _seen(view),
        "ADDRESS": own.address,
        "RUNTIME": _runtime(run, own),
        "LIMIT": str(SECONDS_FOR_A_POD),
        "CONFIG": config,
        "FOLDER": _NEW,
        "RENEWED": "\n".join(f"{entry.component or '-'} {entry.name} {entry.path}" for entry in names),
        # With what stood before a silent one does not serve either.
        "REVIVES": "yes" if view.is_silent else "",
        "UP_TO": up_to,
    }
    scripts = ("facts/etcd.sh", "copied.sh", "static-pod.sh", "renew-certificates.sh")
    return shell_variables(values) + "".join(map(read_file, scripts))


def _seen(view: NodeView) -> str:
    """When a host was looked at, in seconds since 1970 by its own clock."""
    return f"{view.moment(datetime.now(UTC)).timestamp():.0f}"


def _runtime(run: Run, own: HostSettings) -> str:
    """What runs the containers there now: a step behind this one may move them."""
    cri = run.surveys[own.name].cri if own.name in run.surveys else None
    if cri is None:
        return run.cluster.settings.container_runtime
    return "containerd" if cri == "containerd" else "docker"


def _kept(views: list[NodeView]) -> Mapping[str, Any] | None:
    """ClusterConfiguration as the cluster keeps it; None where none of these hosts can tell."""
    for view in views:
        try:
            if view.ready and view.standing.objects and (found := view.standing.document("ClusterConfiguration")):
                return found
        except ValueError:
            continue
    return None


@isolated_operation
def kubelet_certificate_renewed(run: Run, rule: RenewalRule, waits: bool = True) -> Generator[StringCommand]:
    """Have this node's kubelet log in by a certificate that lasts, made on a control plane, and its node Ready.

    The certificate and its key go from host to host through the operator's memory.

    + waits: whether its node is waited for; not where no API server answers yet
    """
    if not is_executing():
        yield planned("kubeadm init phase kubeconfig kubelet")
        return
    own = run.cluster.host(host.name)
    view = require_fact(Node, address=own.address, standing=True)
    if not is_kubelet_due(view, rule, datetime.now(UTC)):
        # What a run has left that was cut off before its script began.
        run_silently(host.inventory.get_host(own.name), f"rm -f /run/k8s-ha/{_CLIENT}.*")
        host.noop("its kubelet's certificate lasts, or is renewed by the kubelet")
        return
    made = path_of_this_run(_CLIENT, "pem")
    yield write(made, _signed(run, own, view), "600")
    script = shell_variables({"HOST": own.name, "SEEN": _seen(view), "FROM": made})
    script += "".join(map(read_file, ("copied.sh", "kubelet-is-up.sh", "install-kubelet-certificate.sh")))
    yield long_command("install-kubelet-certificate", script, seconds=SECONDS_FOR_A_KUBELET, lock="kubeadm")
    if not waits:
        return
    snapshot = observe_leader(run)
    if snapshot.leader is None:
        yield fail_host(no_leader(snapshot, f"{own.hostname} was not waited for"))
        return
    yield from on_leader(snapshot.leader, await_commands(own, snapshot.leader, workloads=False))


@isolated_operation
def certificates_told(run: Run) -> Generator[StringCommand]:
    """Have the run's report tell when certificates end now; changes nothing. One host reads for all."""
    if not is_executing():
        return
    if host.name != verifier(run):
        host.noop(f"{verifier(run)} reads them")
        return
    nodes = [entry for entry in run.cluster.nodes if entry.name in run.surveys]
    views: dict[str, NodeView | None] = read_of_hosts(Node, nodes, standing=True)
    run.log.certificates = certificates_of(views)
    host.noop("they are read")
    logger.info(f"Certificates: {ends_of_kinds(run.log.certificates)}")
    yield from ()


def _signed(run: Run, own: HostSettings, view: NodeView) -> str:
    """A certificate for a node's kubelet with its key behind it; PyinfraError where nobody makes one.

    + view: the node's
    """
    read = read_of_hosts(Node, run.cluster.control_planes, standing=True)
    views = {name: view for name, view in read.items() if view is not None}
    config = certificates_config(run.cluster, own, PKI, _kept([*views.values()]))
    for name in sorted(views, key=lambda name: name != own.name):
        if can_sign(views[name], view):
            target = host.inventory.get_host(name)
            made = run_silently(target, read_file("make-kubelet-certificate.sh"), config, SECONDS_TO_SIGN)
            if made:
                return f"{made.rstrip()}\n"
    raise PyinfraError(
        f"{own.name}: no control plane made a certificate for its kubelet: kubeadm needs {PKI}/ca.key there, of the CA "
        "that this node trusts; see "
        "`kubeadm init phase kubeconfig kubelet` on one, then run this again."
    )
