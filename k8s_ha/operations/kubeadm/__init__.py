"""What kubeadm does on a host, and what it needs for that."""

from k8s_ha.operations.kubeadm.init import (
    images_pulled,
    initialized,
    join_secrets_created,
    join_secrets_removed,
)
from k8s_ha.operations.kubeadm.join import joined, stale_members_removed

__all__ = [
    "images_pulled",
    "initialized",
    "join_secrets_created",
    "join_secrets_removed",
    "joined",
    "stale_members_removed",
]
