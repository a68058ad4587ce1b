"""The whole deploy, in one call."""

from k8s_ha import cluster

cluster()
