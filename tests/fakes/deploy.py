"""The road with a user's own operations in between, more of them on one host and fewer on another."""

from pyinfra import host
from pyinfra.operations import server

import k8s_ha
from tests.fakes.scenario import current

own = {current().inventory_name(name): number for name, number in current().own_operations.items()}


def own_operations(place: str) -> None:
    for turn in range(own.get(host.name, 0)):
        server.shell(name=f"Own operation {turn} {place}", commands=["own-command"])


k8s_ha.prepare_host()
k8s_ha.repositories()
k8s_ha.container_runtime()
k8s_ha.kubernetes_packages()
own_operations("before the load balancer")
k8s_ha.load_balancer()
own_operations("before the control plane")
k8s_ha.control_plane()
own_operations("before the workers")
k8s_ha.workers()
own_operations("before the pod network")
k8s_ha.pod_network()
k8s_ha.verify()
