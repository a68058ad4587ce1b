"""The part of the deploy where hosts wait for each other, for hosts that are otherwise ready."""

import k8s_ha
from tests.support.fakes.own_operations import own_operations

own_operations("before the control plane")
k8s_ha.control_plane()
k8s_ha.workers()
