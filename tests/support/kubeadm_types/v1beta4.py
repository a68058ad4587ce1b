"""kubeadm.k8s.io/v1beta4: cmd/kubeadm/app/apis/kubeadm/v1beta4/types.go.

Of kubernetes/kubernetes at commit 1329935739c3aa007d23cb9a4dadfee9d59ff79b.
"""

from typing import Literal

from tests.support.kubeadm_types import common
from tests.support.kubeadm_types.common import Duration, Strict


class Arg(Strict):
    """One flag of a component."""

    name: str
    value: str


class EnvVar(Strict):
    """k8s.io/api/core/v1 EnvVar."""

    name: str
    value: str | None = None
    valueFrom: common.AnyMap | None = None


class ControlPlaneComponent(Strict):
    """Settings of a control-plane component."""

    extraArgs: list[Arg] | None = None
    extraVolumes: list[common.HostPathMount] | None = None
    extraEnvs: list[EnvVar] | None = None


class APIServer(ControlPlaneComponent):
    """Settings of the API servers."""

    certSANs: list[str] | None = None


class DNS(common.ImageMeta):
    """The DNS add-on."""

    disabled: bool | None = None


class Proxy(Strict):
    """The kube-proxy add-on."""

    disabled: bool | None = None


class LocalEtcd(common.ImageMeta):
    """etcd on the control planes."""

    dataDir: str | None = None
    extraArgs: list[Arg] | None = None
    extraEnvs: list[EnvVar] | None = None
    serverCertSANs: list[str] | None = None
    peerCertSANs: list[str] | None = None


class Etcd(Strict):
    """Where etcd runs."""

    local: LocalEtcd | None = None
    external: common.ExternalEtcd | None = None


class NodeRegistrationOptions(Strict):
    """How a node registers itself."""

    name: str | None = None
    criSocket: str | None = None
    taints: list[common.Taint] | None = None
    kubeletExtraArgs: list[Arg] | None = None
    ignorePreflightErrors: list[str] | None = None
    imagePullPolicy: common.PullPolicy | None = None
    imagePullSerial: bool | None = None


class Timeouts(Strict):
    """How long kubeadm waits."""

    controlPlaneComponentHealthCheck: Duration | None = None
    kubeletHealthCheck: Duration | None = None
    kubernetesAPICall: Duration | None = None
    etcdAPICall: Duration | None = None
    tlsBootstrap: Duration | None = None
    discovery: Duration | None = None
    upgradeManifests: Duration | None = None


class Discovery(Strict):
    """How a joining node finds the cluster."""

    bootstrapToken: common.BootstrapTokenDiscovery | None = None
    file: common.FileDiscovery | None = None
    tlsBootstrapToken: str | None = None


class InitConfiguration(Strict):
    """What `kubeadm init` alone reads."""

    apiVersion: Literal["kubeadm.k8s.io/v1beta4"]
    kind: Literal["InitConfiguration"]
    bootstrapTokens: list[common.BootstrapToken] | None = None
    dryRun: bool | None = None
    nodeRegistration: NodeRegistrationOptions | None = None
    localAPIEndpoint: common.APIEndpoint | None = None
    certificateKey: common.CertificateKey | None = None
    skipPhases: list[str] | None = None
    patches: common.Patches | None = None
    timeouts: Timeouts | None = None


class ClusterConfiguration(Strict):
    """What holds for the whole cluster."""

    apiVersion: Literal["kubeadm.k8s.io/v1beta4"]
    kind: Literal["ClusterConfiguration"]
    etcd: Etcd | None = None
    networking: common.Networking | None = None
    kubernetesVersion: str | None = None
    controlPlaneEndpoint: str | None = None
    apiServer: APIServer | None = None
    controllerManager: ControlPlaneComponent | None = None
    scheduler: ControlPlaneComponent | None = None
    dns: DNS | None = None
    proxy: Proxy | None = None
    certificatesDir: str | None = None
    imageRepository: str | None = None
    featureGates: common.FeatureGates | None = None
    clusterName: str | None = None
    encryptionAlgorithm: Literal["ECDSA-P256", "RSA-2048", "RSA-3072", "RSA-4096"] | None = None
    certificateValidityPeriod: Duration | None = None
    caCertificateValidityPeriod: Duration | None = None


class JoinConfiguration(Strict):
    """What `kubeadm join` reads."""

    apiVersion: Literal["kubeadm.k8s.io/v1beta4"]
    kind: Literal["JoinConfiguration"]
    dryRun: bool | None = None
    nodeRegistration: NodeRegistrationOptions | None = None
    caCertPath: str | None = None
    discovery: Discovery
    controlPlane: common.JoinControlPlane | None = None
    skipPhases: list[str] | None = None
    patches: common.Patches | None = None
    timeouts: Timeouts | None = None
