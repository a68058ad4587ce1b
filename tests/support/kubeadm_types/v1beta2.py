"""kubeadm.k8s.io/v1beta2: cmd/kubeadm/app/apis/kubeadm/v1beta2/types.go of Kubernetes v1.20.2."""

from typing import Literal

from tests.support.kubeadm_types import common
from tests.support.kubeadm_types.common import Strict


class DNS(common.ImageMeta):
    """The DNS add-on."""

    type: Literal["CoreDNS", "kube-dns"] | None = None


class NodeRegistrationOptions(Strict):
    """How a node registers itself."""

    name: str | None = None
    criSocket: str | None = None
    taints: list[common.Taint] | None = None
    kubeletExtraArgs: dict[str, str] | None = None
    ignorePreflightErrors: list[str] | None = None


class InitConfiguration(Strict):
    """What `kubeadm init` alone reads."""

    apiVersion: Literal["kubeadm.k8s.io/v1beta2"]
    kind: Literal["InitConfiguration"]
    bootstrapTokens: list[common.BootstrapToken] | None = None
    nodeRegistration: NodeRegistrationOptions | None = None
    localAPIEndpoint: common.APIEndpoint | None = None
    certificateKey: common.CertificateKey | None = None


class ClusterConfiguration(Strict):
    """What holds for the whole cluster."""

    apiVersion: Literal["kubeadm.k8s.io/v1beta2"]
    kind: Literal["ClusterConfiguration"]
    etcd: common.EtcdMaps | None = None
    networking: common.Networking | None = None
    kubernetesVersion: str | None = None
    controlPlaneEndpoint: str | None = None
    apiServer: common.APIServerMaps | None = None
    controllerManager: common.ControlPlaneComponentMaps | None = None
    scheduler: common.ControlPlaneComponentMaps | None = None
    dns: DNS | None = None
    certificatesDir: str | None = None
    imageRepository: str | None = None
    useHyperKubeImage: bool | None = None
    featureGates: common.FeatureGates | None = None
    clusterName: str | None = None


class JoinConfiguration(Strict):
    """What `kubeadm join` reads."""

    apiVersion: Literal["kubeadm.k8s.io/v1beta2"]
    kind: Literal["JoinConfiguration"]
    nodeRegistration: NodeRegistrationOptions | None = None
    caCertPath: str | None = None
    discovery: common.DiscoveryWithTimeout
    controlPlane: common.JoinControlPlane | None = None
