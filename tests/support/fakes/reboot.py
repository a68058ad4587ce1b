"""The reboot of nodes, where a host is not waited for."""

import k8s_ha
import k8s_ha.operations.reboot

k8s_ha.operations.reboot.SECONDS_FOR_A_BOOT = 0
k8s_ha.reboot()
