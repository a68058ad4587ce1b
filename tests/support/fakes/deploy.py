"""The deploy with a user's own operations in between, more of them on one host and fewer on another."""

import k8s_ha
from tests.support.fakes.own_operations import own_operations

k8s_ha.preflight()
k8s_ha.prepare_host()
k8s_ha.repositories()
k8s_ha.container_runtime()
k8s_ha.kubernetes_packages()
own_operations("before the load balancer")
k8s_ha.load_balancer()
k8s_ha.changes()
own_operations("before the control plane")
k8s_ha.control_plane()
own_operations("before the workers")
k8s_ha.workers()
own_operations("before the pod network")
k8s_ha.pod_network()
k8s_ha.scheduled_backups()
own_operations("before the last check")
k8s_ha.verify()
