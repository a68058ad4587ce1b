"""What differs between Kubernetes lines (1.x), as data: one row a line, each value with its source."""

from dataclasses import dataclass

MAJOR = 1


@dataclass(frozen=True)
class KubernetesLine:
    """One Kubernetes minor version.

    + minor: the x of 1.x
    + config_api: newest kubeadm configuration API version that this line's kubeadm reads
    + pause: tag of the pause image that this line's kubeadm expects
    """

    minor: int
    config_api: str
    pause: str

    @property
    def name(self) -> str:
        """The line as users write it, such as "1.30"."""
        return f"{MAJOR}.{self.minor}"

    @property
    def containerd_major(self) -> int:
        """The containerd major that this line is installed with."""
        return 2 if self.minor >= CONTAINERD_2_SINCE else 1

    @property
    def containerd(self) -> str:
        """Shell pattern of the containerd.io versions that this line runs on."""
        return "[12].*" if self.containerd_major == 2 else "1.*"


# config_api: v1beta3 came with 1.22 (kubernetes/kubernetes#101129), v1beta4 with 1.31 (#125029); v1beta2 was removed
# in 1.27 (#114540), v1beta3 in 1.36 (#136016).
# pause: what `kubeadm config images list` prints: 1.20 built and run, 1.21 to 1.31 minikube's table of kubeadm images,
# later ones Kubernetes' changelogs and kubespray.
_ROWS = (
    KubernetesLine(20, "v1beta2", "3.2"),
    KubernetesLine(21, "v1beta2", "3.4.1"),
    KubernetesLine(22, "v1beta3", "3.5"),
    KubernetesLine(23, "v1beta3", "3.6"),
    KubernetesLine(24, "v1beta3", "3.7"),
    KubernetesLine(25, "v1beta3", "3.8"),
    KubernetesLine(26, "v1beta3", "3.9"),
    KubernetesLine(27, "v1beta3", "3.9"),
    KubernetesLine(28, "v1beta3", "3.9"),
    KubernetesLine(29, "v1beta3", "3.9"),
    KubernetesLine(30, "v1beta3", "3.9"),
    KubernetesLine(31, "v1beta4", "3.10"),
    KubernetesLine(32, "v1beta4", "3.10"),
    KubernetesLine(33, "v1beta4", "3.10"),
    KubernetesLine(34, "v1beta4", "3.10.1"),
    KubernetesLine(35, "v1beta4", "3.10.1"),
    KubernetesLine(36, "v1beta4", "3.10.2"),
    KubernetesLine(37, "v1beta4", "3.10.2"),
)
LINES = {row.minor: row for row in _ROWS}
OLDEST = LINES[min(LINES)]
NEWEST = LINES[max(LINES)]

# containerd 2 no longer speaks CRI v1alpha2, which kubelets up to 1.25 may ask for (containerd's RELEASES.md).
CONTAINERD_2_SINCE = 26
# kubeadm and kubelet take a CRI socket as a plain path too until 1.23; dockershim's must be one.
CRI_SOCKET_URL_SINCE = 24
# kube-proxy's nftables mode: behind a feature gate that is on by default from 1.31 (KEP-3866).
NFTABLES_PROXY_SINCE = 31
# kubeadm puts CoreDNS under <repository>/coredns/ when the repository is its own default, which was k8s.gcr.io in the
# first patch releases of these lines: with registry.k8s.io they would ask for an image that is not there
# (kubernetes/kubernetes#102502).
COREDNS_NEEDS_PATH = range(21, 25)
UPSTREAM_REGISTRY = "registry.k8s.io"
