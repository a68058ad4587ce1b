"""Preflight alone."""

import k8s_ha

k8s_ha.preflight()
