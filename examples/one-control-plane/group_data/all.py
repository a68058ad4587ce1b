"""Nothing is set: the newest Kubernetes that both machines carry, from the official sources."""

from k8s_ha import check_settings

k8s_ha = {}
check_settings(k8s_ha)
ssh_strict_host_key_checking = "yes"
