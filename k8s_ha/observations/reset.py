"""What is left on a host of what this package has put there or changed. Values in, values out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

MARKER: Final = "/var/lib/k8s-ha/reset"
"""That a reset has begun on a host which was proven to be this cluster's: the cluster's endpoint, and how far it is."""

NODE_IS_RESET: Final = "node"
"""What stands behind the endpoint in that file when kubeadm reset has ended well."""


@dataclass(frozen=True)
class Remains:
    """What a reset would do to a host.

    + begun: endpoint of the cluster that a reset has begun to take from it; empty for none
    + node_is_reset: whether that one has come to the end of kubeadm reset
    + due: what is to be taken or given back, by name
    + left: what is left as it is, and why
    + names: whose hosts a file of this package's names, as addresses, by path; of files that are of one cluster
    + contents: of the files that are edited, and of what stood in them before, by path
    """

    begun: str = ""
    node_is_reset: bool = False
    due: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    contents: Mapping[str, bytes] = field(default_factory=dict)
