"""Other settings of a standing cluster, carried out step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from pyinfra import host

from k8s_ha.cluster_state.change_steps import ChangeStep, Work
from k8s_ha.cluster_state.former_endpoints import CLUSTER
from k8s_ha.deploys.etcd_leader import led_by_another
from k8s_ha.deploys.load_balancer import address_given_up, proxy_of
from k8s_ha.operations import endpoint_move, files, settings_rollout
from k8s_ha.operations.kept_configuration import configuration_kept, former_forgotten
from k8s_ha.operations.nginx import endpoint_proxied
from k8s_ha.resources import render
from k8s_ha.run import Run


def _reconfigured(run: Run, step: ChangeStep) -> None:
    configuration_kept(name=f"Change the {step.kind} that the cluster keeps", run=run, edits=step.edits, remembers=True)


def _certificate_issued(run: Run, step: ChangeStep) -> None:
    settings_rollout.certificate_issued(name="Make the API server's certificate anew", run=run)


def _static_pods_configured(run: Run, step: ChangeStep) -> None:
    if "etcd" in step.components:
        led_by_another(run)
    settings_rollout.static_pods_configured(
        name=f"Configure {', '.join(step.components)}", run=run, components=step.components
    )


def _addons_configured(run: Run, step: ChangeStep) -> None:
    settings_rollout.addons_configured(name="Configure CoreDNS and kube-proxy", run=run)


def _kubelet_configured(run: Run, step: ChangeStep) -> None:
    settings_rollout.kubelet_configured(name="Configure the kubelet", run=run)


def _kube_proxy_configured(run: Run, step: ChangeStep) -> None:
    settings_rollout.kube_proxy_configured(name="Configure kube-proxy, and restart its pods", run=run, edits=step.edits)


def _settled(run: Run, step: ChangeStep) -> None:
    former_forgotten(name=f"Forget the {step.kind} of before", run=run, kind=step.kind)
    if step.kind == CLUSTER and run.former_endpoints:
        endpoint_move.move_told(name="Say what became of the former endpoint", run=run)


def _put_back(run: Run, step: ChangeStep) -> None:
    settings_rollout.static_pods_put_back(name="Run the manifests of before", run=run)


def _endpoint_proved(run: Run, step: ChangeStep) -> None:
    endpoint_move.endpoint_proved(name="Ask at the endpoint from every node", run=run)


def _endpoint_kept(run: Run, step: ChangeStep) -> None:
    endpoint_move.endpoint_kept(name="Have the cluster keep the endpoint", run=run, edits=step.edits)


def _kubeconfigs_moved(run: Run, step: ChangeStep) -> None:
    endpoint_move.kubeconfigs_moved(name="Have its kubeconfigs name the endpoint", run=run)


def _kube_proxy_moved(run: Run, step: ChangeStep) -> None:
    endpoint_move.kube_proxy_moved(name="Have kube-proxy ask at the endpoint", run=run)


def _endpoint_retired(run: Run, step: ChangeStep) -> None:
    left = run.without_former_endpoints()
    is_balancer = "load_balancer" in run.cluster.host(host.name).role
    if is_balancer:
        endpoint_proxied(name="Have nginx pass on the endpoint alone", **proxy_of(left))
    if not is_balancer or run.cluster.virtual_address is None:
        address_given_up(run)
    files.block_written(
        name="Write the endpoint's name alone", path="/etc/hosts", block=render("hosts.j2", cluster=run.cluster)
    )


CARRIED_OUT: Final[Mapping[Work, Callable[[Run, ChangeStep], None]]] = {
    Work.RECONFIGURE: _reconfigured,
    Work.CERTIFICATE: _certificate_issued,
    Work.STATIC_PODS: _static_pods_configured,
    Work.ADDONS: _addons_configured,
    Work.KUBELET_CONFIG: _kubelet_configured,
    Work.KUBE_PROXY: _kube_proxy_configured,
    Work.SETTLE: _settled,
    Work.PUT_BACK: _put_back,
    Work.PROVE: _endpoint_proved,
    Work.ENDPOINT: _endpoint_kept,
    Work.KUBECONFIGS: _kubeconfigs_moved,
    Work.KUBE_PROXY_SERVER: _kube_proxy_moved,
    Work.RETIRE: _endpoint_retired,
}
