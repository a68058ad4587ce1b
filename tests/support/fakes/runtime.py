"""The phase of the container runtime alone."""

import k8s_ha

k8s_ha.container_runtime()
