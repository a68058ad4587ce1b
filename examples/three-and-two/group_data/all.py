"""The endpoint has an address that moves between the balancers, and a name in every host's /etc/hosts."""

from k8s_ha import check_settings

k8s_ha = {
    "kubernetes_version": "1.34.11",
    "endpoint": {"virtual_address": "10.0.1.100"},
    "endpoint_name": "api.k8s.example",
    "firewall": "keep",
}
check_settings(k8s_ha)
ssh_strict_host_key_checking = "yes"
