"""What kubeadm, the kubelet, dnf, yum, nginx and the container runtimes say when they fail, and what it means. Pure."""

from k8s_ha.reporting.known_errors.models import Explanation, KnownError
from k8s_ha.reporting.known_errors.search import MATTERS, explain, lines_that_matter

__all__ = ["MATTERS", "Explanation", "KnownError", "explain", "lines_that_matter"]
