"""A user whose sudo asks for a password has _sudo_password here, read from where you keep it."""

from k8s_ha import check_settings

k8s_ha = {}
check_settings(k8s_ha)
ssh_strict_host_key_checking = "yes"
