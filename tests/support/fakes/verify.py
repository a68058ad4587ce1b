"""The phase of the last look alone."""

import k8s_ha

k8s_ha.verify()
