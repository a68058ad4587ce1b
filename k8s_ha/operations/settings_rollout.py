"""What the steps of changed settings do on their hosts; each asks first whether it is done."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Mapping, Sequence
from typing import Final

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.catalog.control_plane import kubectl_words
from k8s_ha.cluster_state.change_steps import Edits
from k8s_ha.cluster_state.difference import certificate_names
from k8s_ha.cluster_state.endpoint_steps import KUBE_PROXY
from k8s_ha.cluster_state.former_endpoints import CLUSTER
from k8s_ha.cluster_state.setting_steps import KUBELET, components_due, is_kubelet_due
from k8s_ha.desired.kubeadm_config import phase_config
from k8s_ha.facts.node import Node
from k8s_ha.observations.node import NodeView
from k8s_ha.observations.standing import KEPT_CERTIFICATE, KEPT_KUBELET_CONFIG
from k8s_ha.operations.commands import fail_host, long_command, path_of_this_run, planned, run_elsewhere, write
from k8s_ha.operations.drain import await_commands
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.kept_configuration import (
    changed_object,
    former_put_back,
    put_back_object,
    readable,
    replaced,
    require_serving_view,
)
from k8s_ha.resources import read_file, shell_variables
from k8s_ha.run import Run, is_executing

SECONDS_FOR_A_POD: Final = 330
"""How long one static pod may take to come up: the kubelet tries one that failed again after five minutes at most."""

SECONDS_FOR_STATIC_PODS: Final = 1800
SECONDS_FOR_A_CERTIFICATE: Final = 900
SECONDS_FOR_A_KUBELET: Final = 300
SECONDS_FOR_ADDONS: Final = 300
"""How long CoreDNS may take, and kube-proxy on one node or on those that are restarted at once."""

SECONDS_OF_KUBE_PROXY_UP: Final = 10
"""How long all of its pods must be up: one that cannot read its configuration ends within a moment."""

_SECONDS_OF_KUBE_PROXY: Final = 20
"""What kube-proxy takes where it comes up: to end, and to be Ready anew."""

_NEW_CERTIFICATE: Final = "/var/lib/k8s-ha/new-certificate"
"""Where kubeadm makes it, beside the one that serves."""

_POD_SCRIPTS: Final = ("facts/etcd.sh", "copied.sh", "static-pod.sh")


@isolated_operation
def static_pods_configured(run: Run, components: Sequence[str]) -> Generator[StringCommand]:
    """Have static pods of this control plane run by what the cluster keeps, or by their manifests of before.

    Where one does not come up, the cluster keeps again what it kept before, too.

    + components: those that may differ, in their order
    """
    if not is_executing():
        yield planned(f"kubeadm init phase control-plane, of {', '.join(components)}")
        return
    _, view = require_serving_view(run, "its static pods were not configured")
    with readable():
        own, kept, former = _own_view(run), view.standing.document(CLUSTER) or {}, view.standing.former(CLUSTER)
        due = [name for name in components_due(own, kept, former) if name in components]
        pods = [own.standing.static_pod(name) for name in due]
    if not due:
        host.noop("its manifests are as the cluster keeps them")
        return
    config = phase_config(run.cluster, run.cluster.host(host.name), {CLUSTER: kept})
    path = path_of_this_run("static-pods")
    moved = any(pod is not None and not pod.image.startswith(f"{kept.get('imageRepository')}/") for pod in pods)
    values = {"COMPONENTS": " ".join(due), "IMAGES": "yes" if moved else "", "CHANGE": _digest(config), "CONFIG": path}
    yield write(path, config, "600")
    said = _run_here(
        "configure-static-pods",
        _script(run, values, *_POD_SCRIPTS, "configure-static-pods.sh"),
        SECONDS_FOR_STATIC_PODS,
    )
    yield StringCommand("rm", "-f", path)
    if said is not None:
        yield fail_host(f"{said}\n{former_put_back(run, CLUSTER)}".rstrip())


@isolated_operation
def static_pods_put_back(run: Run) -> Generator[StringCommand]:
    """Have this control plane run by what a change that was cut off has kept, where its API server does not serve."""
    if not is_executing():
        yield planned("put back its manifests")
    elif not (view := _own_view(run)).is_silent or not view.standing.set_aside:
        host.noop("it serves")
    else:
        if KEPT_KUBELET_CONFIG in view.standing.set_aside and (said := _kubelet("restore", "")) is not None:
            yield fail_host(said)
            return
        script = _script(run, {}, *_POD_SCRIPTS, "put-static-pods-back.sh")
        yield long_command("put-static-pods-back", script, seconds=SECONDS_FOR_A_CERTIFICATE, lock="kubeadm")


@isolated_operation
def certificate_issued(run: Run) -> Generator[StringCommand]:
    """Have this API server's certificate name what the cluster keeps as its names, or have the one of before."""
    if not is_executing():
        yield planned("kubeadm init phase certs apiserver")
        return
    _, view = require_serving_view(run, "its certificate was not made anew")
    with readable():
        kept = view.standing.document(CLUSTER) or {}
    server = kept.get("apiServer")
    names = certificate_names(server.get("certSANs") if isinstance(server, Mapping) else None)
    own = _own_view(run)
    if not _lacking(own, names) and KEPT_CERTIFICATE not in own.standing.set_aside:
        host.noop("its certificate has these names")
        return
    path, beside = path_of_this_run("certificate"), {**kept, "certificatesDir": _NEW_CERTIFICATE}
    config = phase_config(run.cluster, run.cluster.host(host.name), {CLUSTER: beside})
    yield write(path, config, "600")
    values = {"CONFIG": path, "CHANGE": _digest(config), "FOLDER": _NEW_CERTIFICATE}
    script = _script(run, values, *_POD_SCRIPTS, "issue-serving-certificate.sh")
    said = _run_here("issue-serving-certificate", script, SECONDS_FOR_A_CERTIFICATE)
    yield StringCommand("rm", "-f", path)
    if said is not None:
        yield fail_host(f"{said}\n{former_put_back(run, CLUSTER)}".rstrip())
    elif lacking := _lacking(_own_view(run), names):
        yield fail_host(
            f"{host.name}: its new certificate has no name {', '.join(lacking)}, which kubeadm-config has; see "
            f"/etc/kubernetes/pki/apiserver.crt, then run this again."
        )


def _lacking(view: NodeView, names: set[str]) -> list[str]:
    return sorted(names - certificate_names(view.standing.certificate_names or ()))


@isolated_operation
def kubelet_configured(run: Run) -> Generator[StringCommand]:
    """Have this node's kubelet run by what the cluster keeps, and its node Ready; or by its file of before."""
    if not is_executing():
        yield planned("kubeadm upgrade node phase kubelet-config")
        return
    leader, view = require_serving_view(run, "its kubelet was not configured")
    with readable():
        kept = {kind: view.standing.document(kind) or {} for kind in (CLUSTER, KUBELET)}
        due = is_kubelet_due(_own_view(run), kept, view.standing.former(KUBELET))
        change = _digest(view.standing.text(KUBELET))
    if not due:
        host.noop("its kubelet's file is as the cluster keeps it")
        return
    said = _kubelet("configure", change)
    if said is None:
        own = run.cluster.host(host.name)
        said = run_elsewhere(host.inventory.get_host(leader.name), await_commands(own, leader, workloads=False))
        if said is not None:
            back = _kubelet("restore", change)
            said += f"\n{back or f'{host.name}: the old configuration of its kubelet is back, and it runs.'}"
    if said is not None:
        yield fail_host(said)
        return
    _kubelet("keep", change)
    yield StringCommand("true")


def _kubelet(action: str, change: str) -> str | None:
    """What it said last where it failed."""
    values = {"HOST": host.name, "ACTION": action, "CHANGE": change}
    parts = ("copied.sh", "kubelet-is-up.sh", "configure-kubelet.sh")
    script = shell_variables(values) + "".join(map(read_file, parts))
    return _run_here("configure-kubelet", script, SECONDS_FOR_A_KUBELET)


@isolated_operation
def addons_configured(run: Run) -> Generator[StringCommand]:
    """Have CoreDNS, and kube-proxy where it is kubeadm's, run by what the cluster keeps; on the leader."""
    if not is_executing():
        yield planned("kubeadm init phase addon")
        return
    own = run.cluster.host(host.name)
    view = require_fact(Node, address=own.address, standing=True)
    with readable():
        held = {kind: view.standing.document(kind) for kind in (CLUSTER, KUBE_PROXY)}
    kept = {kind: document for kind, document in held.items() if document is not None}
    path = path_of_this_run("addons")
    yield write(path, phase_config(run.cluster, own, kept), "600")
    values = {
        "CONFIG": path,
        "ADDONS": "coredns kube-proxy" if KUBE_PROXY in kept else "coredns",
    }
    script = shell_variables(values) + _kube_proxy_script(run) + read_file("configure-addons.sh")
    seconds = SECONDS_FOR_ADDONS + _seconds_for_kube_proxy(run)
    yield long_command("configure-addons", script, seconds=seconds, lock="kubeadm")


@isolated_operation
def kube_proxy_configured(run: Run, edits: Edits) -> Generator[StringCommand]:
    """Have the cluster keep these values for kube-proxy, and all its pods run by them; or by those of before.

    + edits: as for ``configuration_kept``; none where a run was cut off before its pods were restarted
    """
    if not is_executing():
        yield planned("kubectl rollout restart daemonset/kube-proxy")
        return
    own = run.cluster.host(host.name)
    with readable():
        wanted = changed_object(_own_view(run), KUBE_PROXY, edits, remembers=True)
        if wanted is not None:
            yield replaced(own.address, wanted)
        said = kube_proxy_rolled(run)
        before = put_back_object(_own_view(run), KUBE_PROXY) if said is not None else None
        again = said if before is None else None
        if before is not None:
            yield replaced(own.address, before)
            again = kube_proxy_rolled(run)
            said = f"{said}\n{again or 'kube-proxy runs on every node with its configuration of before.'}"
        if again is None:
            # All pods run by what the ConfigMap holds now: nothing is under way.
            view = _own_view(run)
            yield replaced(own.address, view.standing.with_former(KUBE_PROXY, view.standing.text(KUBE_PROXY), ()))
    yield fail_host(said) if said is not None else StringCommand("true")


def kube_proxy_rolled(run: Run) -> str | None:
    """What it said last where kube-proxy did not come up on every node."""
    script = _kube_proxy_script(run) + read_file("roll-kube-proxy.sh")
    return _run_here("roll-kube-proxy", script, _seconds_for_kube_proxy(run))


def _kube_proxy_script(run: Run) -> str:
    values = {
        "HOST": host.name,
        "KUBECTL": kubectl_words(run.cluster.host(host.name).address),
        "AT_ONCE": str(run.cluster.workers_at_once),
        "SECONDS_ALLOWED": str(SECONDS_FOR_ADDONS),
        "SECONDS_UP": str(SECONDS_OF_KUBE_PROXY_UP),
    }
    return shell_variables(values) + read_file("kube-proxy-pods.sh")


def _seconds_for_kube_proxy(run: Run) -> int:
    """How long it may take of one way: where it does not come up, the old one is put back in as long again."""
    rounds = -(-len(run.cluster.nodes) // run.cluster.workers_at_once)
    return SECONDS_FOR_ADDONS + _SECONDS_OF_KUBE_PROXY * rounds + 60


def _run_here(name: str, script: str, seconds: int) -> str | None:
    """Run a long command on the current host, whose failure is to be answered; what it said last, or None."""
    return run_elsewhere(
        host.inventory.get_host(host.name), long_command(name, script, seconds=seconds, lock="kubeadm")
    )


def _script(run: Run, values: Mapping[str, str], *names: str) -> str:
    given = {
        "HOST": host.name,
        "ADDRESS": run.cluster.host(host.name).address,
        "RUNTIME": run.cluster.settings.container_runtime,
        "LIMIT": str(SECONDS_FOR_A_POD),
    }
    return shell_variables(given | dict(values)) + "".join(map(read_file, names))


def _own_view(run: Run) -> NodeView:
    """What this host holds and tells now."""
    return require_fact(Node, address=run.cluster.host(host.name).address, standing=True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
