"""nginx has a port of its own, since the API servers have 6443; without taints the machines take workloads, too."""

from k8s_ha import check_settings

k8s_ha = {
    "kubernetes_version": "1.34.11",
    "endpoint": {"virtual_address": "10.0.11.100", "port": 8443},
}
check_settings(k8s_ha)
k8s_ha_host = {"taints": []}
ssh_strict_host_key_checking = "yes"
