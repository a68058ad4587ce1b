"""kubeadm.k8s.io/v1beta3: cmd/kubeadm/app/apis/kubeadm/v1beta3/types.go.

Of kubernetes/kubernetes at commit 008b3652959ca58af8be3fb5b6ecfe9ae7638282.
"""

from typing import Literal

from tests.support.kubeadm_types import common
from tests.support.kubeadm_types.common import Strict


class NodeRegistrationOptions(Strict):
    """How a node registers itself."""

    name: str | None = None
    criSocket: str | None = None
    taints: list[common.Taint] | None = None
    kubeletExtraArgs: dict[str, str] | None = None
    ignorePreflightErrors: list[str] | None = None
    imagePullPolicy: common.PullPolicy | None = None


class InitConfiguration(Strict):
    """What `kubeadm init` alone reads."""

    apiVersion: Literal["kubeadm.k8s.io/v1beta3"]
    kind: Literal["InitConfiguration"]
    bootstrapTokens: list[common.BootstrapToken] | None = None
    nodeRegistration: NodeRegistrationOptions | None = None
    localAPIEndpoint: common.APIEndpoint | None = None
    certificateKey: common.CertificateKey | None = None
    skipPhases: list[str] | None = None
    patches: common.Patches | None = None


class ClusterConfiguration(Strict):
    """What holds for the whole cluster."""

    apiVersion: Literal["kubeadm.k8s.io/v1beta3"]
    kind: Literal["ClusterConfiguration"]
    etcd: common.EtcdMaps | None = None
    networking: common.Networking | None = None
    kubernetesVersion: str | None = None
    controlPlaneEndpoint: str | None = None
    apiServer: common.APIServerMaps | None = None
    controllerManager: common.ControlPlaneComponentMaps | None = None
    scheduler: common.ControlPlaneComponentMaps | None = None
    dns: common.ImageMeta | None = None
    certificatesDir: str | None = None
    imageRepository: str | None = None
    featureGates: common.FeatureGates | None = None
    clusterName: str | None = None


class JoinConfiguration(Strict):
    """What `kubeadm join` reads."""

    apiVersion: Literal["kubeadm.k8s.io/v1beta3"]
    kind: Literal["JoinConfiguration"]
    nodeRegistration: NodeRegistrationOptions | None = None
    caCertPath: str | None = None
    discovery: common.DiscoveryWithTimeout
    controlPlane: common.JoinControlPlane | None = None
    skipPhases: list[str] | None = None
    patches: common.Patches | None = None
