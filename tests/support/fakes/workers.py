"""One phase alone, behind a user's own operations."""

import k8s_ha
from tests.support.fakes.own_operations import own_operations

own_operations("before the workers")
k8s_ha.workers()
