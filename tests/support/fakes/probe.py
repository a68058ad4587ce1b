"""The phase of the last look alone, with its probe, where a command may take less time than that."""

import k8s_ha
import k8s_ha.deploys.phase

k8s_ha.deploys.phase.SECONDS_FOR_A_COMMAND = 1
k8s_ha.verify(probe=True)
