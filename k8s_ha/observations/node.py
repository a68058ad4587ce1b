"""A host before the first change, and what it holds of a cluster."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from k8s_ha.catalog import compatibility
from k8s_ha.catalog.control_plane import CONTROL_PLANE_MANIFEST
from k8s_ha.catalog.setting_changes import moves_runtime
from k8s_ha.observations.backup import BackupState
from k8s_ha.observations.certificates import Certificate
from k8s_ha.observations.etcd import Member
from k8s_ha.observations.restoring import RestoreMark
from k8s_ha.observations.standing import Standing
from k8s_ha.untrusted import whole_number

CORDONED: Final = "k8s-ha/cordoned"
"""The annotation of a node that this package has cordoned, until what was evicted is available again."""

RETURNED: Final = "returned-"
"""What it begins with once the cordon is lifted."""

ANNOTATION: Final = "k8s-ha/settings"
"""The annotation of a Node that names the labels and taints which are the settings'."""


@dataclass(frozen=True)
class HostSurvey:
    """A host as it was before the first change."""

    uid: int
    os_id: str
    os_like: tuple[str, ...]
    os_version: str
    architecture: str
    hostname: str
    addresses: tuple[str, ...]
    network_manager: bool
    node: bool
    """Whether the host carries a kubelet's identity, so that its name must stay."""
    cri: str | None
    """What the kubelet was told to speak to: containerd, dockershim or cri-dockerd; None where nothing tells."""
    kernel: str
    """Its release, such as ``4.18.0-553.el8_10.x86_64``."""
    cgroup: int
    """1 or 2."""
    conflicting: Mapping[str, str]
    """Version-release by name of installed packages that some container runtime conflicts with."""
    extras: bool
    """Whether a repository of the name "extras" is enabled, which has container-selinux on EL7."""
    installed: Mapping[str, str] = field(default_factory=dict)
    """Version-release by name of those of this package's own packages that are there already, and whole."""
    rpm_error: str = ""
    """Why rpm cannot read its database; empty where it can."""
    login_shell: str = ""
    """The path of the shell that commands are handed to; empty where nothing tells."""
    nginx_streams: bool = False
    """Whether an nginx is there that has the stream module built in."""
    kubelet_flags_odd: bool = False
    """Whether the kubelet's flags are not as kubeadm writes them."""
    backup: BackupState = field(default_factory=BackupState)
    """What it holds of backups by schedule."""
    api_server_image: str = ""
    """What its API server's manifest names; empty where the host has none."""
    restoring: RestoreMark | None = None
    """Of a restore that has begun there and has not come to its end; None where none has."""

    def moves_runtime(self, wanted: str) -> bool:
        """Whether it is a node whose kubelet a run takes from its runtime to this one.

        + wanted: as ``compatibility.cri`` names it
        """
        return self.node and moves_runtime(self.cri, wanted)

    @property
    def standing_version(self) -> str:
        """The Kubernetes that the host runs as part of a cluster, x.y.z; empty where it is no node or nothing tells."""
        tag = self.api_server_image.rpartition("/")[2].partition("@")[0].partition(":v")[2]
        found = (tag, self.installed.get("kubelet", "").partition("-")[0]) if self.node else ()
        return next((text for text in found if re.fullmatch(r"(\d{1,4}\.){2}\d{1,4}", text, re.ASCII)), "")

    @property
    def el_major(self) -> int | None:
        """The EL major, or None where the host is no Enterprise Linux."""
        if not {"rhel", "centos", "ol"} & {self.os_id, *self.os_like}:
            return None
        return whole_number(self.os_version.partition(".")[0])

    @property
    def kernel_version(self) -> tuple[int, int]:
        """The kernel's first two numbers; (0, 0) where its release has none."""
        match = re.match(r"(\d+)\.(\d+)", self.kernel)
        first, second = map(whole_number, match.groups()) if match else (None, None)
        return (0, 0) if first is None or second is None else (first, second)

    @property
    def major(self) -> int:
        """The EL major; only for Enterprise Linux, which the check ``system`` makes sure of."""
        assert self.el_major is not None
        return self.el_major

    @property
    def platform(self) -> compatibility.Platform:
        """What decides which Kubernetes the host runs; only for Enterprise Linux."""
        return compatibility.Platform(self.major, self.kernel_version, self.cgroup)


@dataclass(frozen=True)
class ClusterNode:
    """A Node object, as the API server tells it.

    + version: its kubelet's, such as ``v1.30.14``
    + address: its internal IP, empty where it has none yet
    + taints: as ``key=value:Effect``
    + owned: which of its labels and taints this package gave it, as it noted them there; empty where it noted nothing
    + is_cordoned: whether a run of this package has cordoned it and has not lifted that
    + is_returned: whether it has lifted that, and what was evicted was not seen to be available again
    """

    name: str
    ready: bool
    version: str
    control_plane: bool
    labels: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    taints: tuple[str, ...] = ()
    owned: str = ""
    is_cordoned: bool = False
    is_returned: bool = False

    @property
    def is_away(self) -> bool:
        """Whether a run of this package has not seen it whole since its cordon."""
        return self.is_cordoned or self.is_returned


@dataclass(frozen=True)
class Kubeconfig:
    """What a kubeconfig of kubeadm's holds.

    + server: of its cluster, ``https://HOST:PORT``; empty where it names none
    + has_user: whether it holds anything to log in with
    + authority: of its cluster, PEM; None where it has none in it, empty where that is damaged
    """

    path: str
    server: str
    has_user: bool
    authority: str | None


@dataclass(frozen=True)
class NodeView:
    """What a host holds of a cluster, and what its own API server, if it has one, answers."""

    artifacts: tuple[str, ...]
    """Paths that kubeadm, kubelet or etcd left; empty on a clean host."""
    api_server_url: str | None
    """The API endpoint in the kubelet's or root's kubeconfig, ``https://HOST:PORT``."""
    ca_certificate: str | None
    """What stands in ``pki/ca.crt``, whole or not; None where there is no such file."""
    ready: bool = False
    """Whether the host's own API server says ok at /readyz."""
    nodes: tuple[ClusterNode, ...] = ()
    join_secrets: tuple[str, ...] | None = ()
    """Names of bootstrap tokens and uploaded certificates that this package created and that are still there.

    None where the API server, though ready, did not tell."""
    members: tuple[Member, ...] = ()
    """What its own etcd counts; empty where it has none or that did not answer."""
    etcd_version: str = ""
    """Of its own etcd as that tells it, such as ``3.5.30``; empty where it tells none, or was not asked."""
    etcd_healthy: bool | None = None
    """Whether its own etcd says that it is well, which includes that it has a quorum; None where it says nothing."""
    busy: bool = False
    """Whether a kubeadm that this package started is at work on the host."""
    restoring: RestoreMark | None = None
    """Of a restore that has begun there and has not come to its end; None where none has."""
    upgrade_unfinished: bool = False
    """Whether a kubeadm upgrade of this package began there and has not told that it ended well."""
    init_begun: bool = False
    """Whether an init of this package began there and has not told that it ended well."""
    init_unfinished: bool = False
    """Whether that init is proven not to have come to its end, with nothing but its own there."""
    standing: Standing = field(default_factory=Standing)
    """What the cluster stands with, as the host tells it; empty where it was not asked."""
    kubeconfigs: tuple[Kubeconfig, ...] = ()
    """admin.conf, kubelet.conf and bootstrap-kubelet.conf, as far as they are there."""
    named_clusters: tuple[Kubeconfig, ...] = ()
    """Each cluster in kubeadm's kubeconfigs and root's own; empty where it was not asked."""
    clock: datetime | None = None
    """Its own, when it began to tell; None where it was not asked."""

    def moment(self, now: datetime) -> datetime:
        """When it told, by its own clock: what is made there is made by it.

        + now: by the operator's clock, where the host was not asked
        """
        return self.clock or now

    @property
    def served_ca_certificate(self) -> str | None:
        """The CA that the host's own API server is asked with, as admin.conf has it, PEM; else what ca.crt holds.

        A cluster's ca.crt may hold several while it is rotated; kubeadm tells joining hosts of admin.conf's."""
        return next((entry.authority for entry in self.kubeconfigs if entry.authority), self.ca_certificate)

    @property
    def has_identity(self) -> bool:
        """Whether the host carries a kubelet's identity."""
        return "/etc/kubernetes/kubelet.conf" in self.artifacts

    @property
    def is_silent(self) -> bool:
        """Whether it is a node whose own API server does not say ok; of a control plane only, workers have none."""
        return self.has_identity and not self.ready

    @property
    def init_ended(self) -> bool:
        """Whether an init of this package that has not told so came to its end after all, with nothing at work."""
        return self.init_begun and not self.busy

    @property
    def etcd_answers(self) -> bool:
        """Whether its own etcd runs, well or not."""
        return bool(self.members) or self.etcd_healthy is not None

    @property
    def may_come_up(self) -> bool:
        """Whether the host is to run an API server, which tells of no node now."""
        to_run = CONTROL_PLANE_MANIFEST in self.artifacts
        return to_run and not (self.ready and self.nodes) and not self.init_unfinished


def certificates_of(views: Mapping[str, NodeView | None]) -> list[Certificate]:
    """Every certificate that hosts told of.

    + views: by inventory name
    """
    return [
        Certificate(name, path, validity)
        for name, view in views.items()
        if view is not None
        for path, validity in view.standing.certificates.items()
        if validity is not None
    ]
