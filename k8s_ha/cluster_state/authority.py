"""The cluster's certificate authority, and what a host's files say of whose it is. Values in, values out.

One damaged file must not turn healthy hosts into somebody else's: the cluster's CA is what most of the control planes
that serve agree on. A kubeconfig counts before ``pki/ca.crt``, since the host's API server answered through it, by TLS.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from k8s_ha.catalog.control_plane import api_url
from k8s_ha.observations.certificates import fingerprints
from k8s_ha.observations.node import NodeView
from k8s_ha.settings import HostSettings

CA_FILE: Final = "/etc/kubernetes/pki/ca.crt"

Authority = frozenset[str]
"""SHA-256 of each of a CA's certificates: several while it is rotated. Empty where nothing tells."""


@dataclass(frozen=True)
class Damage:
    """A file of a host that is not as kubeadm wrote it.

    + found: what is wrong with it; a phrase that goes on from its path
    """

    path: str
    found: str

    @property
    def remedy(self) -> str:
        """The way out."""
        if self.path == CA_FILE:
            return (
                "write the cluster's CA there again, as a healthy control plane or its own kubelet.conf has it, "
                "then run this again"
            )
        return "restore that file, or make it anew with `kubeadm init phase kubeconfig`, then run this again"


class Whose(Enum):
    """What a host's files prove: that they are this cluster's, somebody else's, or, where they disagree, neither."""

    OURS = "ours"
    UNCLEAR = "unclear"
    OTHERS = "others"


def cluster_authority(serving: Iterable[NodeView]) -> Authority:
    """What most of the control planes that serve agree on; of several as many, what the first of them trusts."""
    votes = Counter(vote for view in serving if (vote := authority_of(view)))
    return votes.most_common(1)[0][0] if votes else frozenset()


def authority_of(view: NodeView) -> Authority:
    """The CA that a host trusts, as far as its files tell."""
    return next(iter(_trusted(view)), frozenset())


def _trusted(view: NodeView) -> list[Authority]:
    """Whom each of a host's files trusts, kubeconfigs first; without those that are damaged."""
    texts = [*(kubeconfig.authority for kubeconfig in view.kubeconfigs), view.ca_certificate]
    return [held for text in texts if text and (held := fingerprints(text))]


def knows_this_cluster(view: NodeView, host: HostSettings, endpoint: str, former: Collection[str] = ()) -> bool:
    """Whether a host was told of this cluster's API server, or of none.

    + former: endpoints at which the cluster stood, as long as its hosts may name them
    """
    return view.api_server_url is None or view.api_server_url in _servers(host, endpoint, former)


def _servers(host: HostSettings, endpoint: str, former: Collection[str]) -> set[str]:
    # From 1.33 on a control plane's kubelet asks its own API server, not the endpoint.
    return {api_url(host.address), *(f"https://{each}" for each in (endpoint, *former))}


def whose(
    view: NodeView, authority: Authority, host: HostSettings, endpoint: str, former: Collection[str] = ()
) -> Whose:
    """Whose it is what a host holds, by the API server that it was told, and by the CA.

    + authority: the cluster's; where that is not known, the API server alone decides
    + former: as for ``knows_this_cluster``
    """
    told = knows_this_cluster(view, host, endpoint, former)
    trusted = _trusted(view) if authority else []
    matching = [held for held in trusted if held & authority]
    if matching:
        if told and matching == trusted:
            return Whose.OURS
        servers = {kubeconfig.server for kubeconfig in view.kubeconfigs}
        return Whose.UNCLEAR if told or servers & _servers(host, endpoint, former) else Whose.OTHERS
    if trusted or not told or not (view.api_server_url or view.init_unfinished):
        return Whose.OTHERS
    # A file that a power cut has emptied tells nothing; one that holds something else may be anybody's.
    return Whose.UNCLEAR if authority and view.ca_certificate else Whose.OURS


def damages(
    view: NodeView, authority: Authority, host: HostSettings, endpoint: str, former: Collection[str] = ()
) -> Iterator[Damage]:
    """What is wrong with the files of a host of this cluster.

    + authority: the cluster's; where it is not known, a host's own files are compared with one another
    + former: as for ``knows_this_cluster``
    """
    reference = authority or authority_of(view)
    for kubeconfig in view.kubeconfigs:
        if not kubeconfig.server or not kubeconfig.has_user:
            yield Damage(
                kubeconfig.path, f"names no {'user' if kubeconfig.server else 'API server'}, so it is not whole"
            )
        elif kubeconfig.server == view.api_server_url and not knows_this_cluster(view, host, endpoint, former):
            yield Damage(kubeconfig.path, f"names {kubeconfig.server}, which is not this cluster's")
        elif kubeconfig.authority is not None:
            yield from _authority_damage(kubeconfig.path, kubeconfig.authority, reference)
    if view.ca_certificate is not None:
        yield from _authority_damage(CA_FILE, view.ca_certificate, reference)
    elif view.kubeconfigs:
        yield Damage(CA_FILE, "is missing")


def _authority_damage(path: str, text: str, reference: Authority) -> Iterator[Damage]:
    held = fingerprints(text)
    if not held:
        yield Damage(path, "holds no whole certificate" if text else "is empty")
    elif reference and not held & reference:
        yield Damage(path, "holds a CA that is not the cluster's")
