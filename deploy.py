"""From Enterprise Linux hosts to a highly available Kubernetes cluster, one phase a line."""

from k8s_ha import (
    admin_hosts,
    changes,
    container_runtime,
    control_plane,
    kubernetes_packages,
    load_balancer,
    pod_network,
    preflight,
    prepare_host,
    remove_nodes,
    repositories,
    scheduled_backups,
    verify,
    workers,
)

preflight()
remove_nodes()
prepare_host()
repositories()
container_runtime()
kubernetes_packages()
load_balancer()
changes()
control_plane()
workers()
pod_network()
admin_hosts()
scheduled_backups()
verify()
