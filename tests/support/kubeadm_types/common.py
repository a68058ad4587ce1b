"""Types that several API versions share."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict


class Strict(BaseModel):
    """A Go struct as kubeadm decodes it: no unknown field, no conversion between types."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _check(pattern: str, what: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"not {what}")
        return value

    return AfterValidator(check)


# metav1.Duration: Go's time.ParseDuration.
Duration = Annotated[str, _check(r"(\d+(\.\d+)?(ns|us|ms|s|m|h))+", "a Go duration")]
# k8s.io/cluster-bootstrap/token/api: BootstrapTokenPattern.
Token = Annotated[str, _check(r"[a-z0-9]{6}\.[a-z0-9]{16}", "a bootstrap token")]
# An AES key of 32 bytes in hexadecimal.
CertificateKey = Annotated[str, _check(r"[0-9a-f]{64}", "a certificate key")]
PullPolicy = Literal["Always", "IfNotPresent", "Never"]


class Taint(Strict):
    """k8s.io/api/core/v1 Taint."""

    key: str
    value: str | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]
    timeAdded: str | None = None


class BootstrapToken(Strict):
    """v1beta2's own, bootstraptoken/v1 later; the same fields."""

    token: Token
    description: str | None = None
    ttl: Duration | None = None
    expires: str | None = None
    usages: list[str] | None = None
    groups: list[str] | None = None


class APIEndpoint(Strict):
    """Where an API server is reached."""

    advertiseAddress: str | None = None
    bindPort: int | None = None


class Networking(Strict):
    """Networks of the cluster."""

    serviceSubnet: str | None = None
    podSubnet: str | None = None
    dnsDomain: str | None = None


class ImageMeta(Strict):
    """Image of a component that is released apart from Kubernetes."""

    imageRepository: str | None = None
    imageTag: str | None = None


class HostPathMount(Strict):
    """Volume of a control-plane component."""

    name: str
    hostPath: str
    mountPath: str
    readOnly: bool | None = None
    pathType: str | None = None


class ExternalEtcd(Strict):
    """An etcd cluster outside."""

    endpoints: list[str]
    caFile: str
    certFile: str
    keyFile: str


class BootstrapTokenDiscovery(Strict):
    """Discovery by token."""

    token: Token
    apiServerEndpoint: str | None = None
    caCertHashes: list[str] | None = None
    unsafeSkipCAVerification: bool | None = None


class FileDiscovery(Strict):
    """Discovery by a kubeconfig file."""

    kubeConfigPath: str


class JoinControlPlane(Strict):
    """What a joining control plane needs."""

    localAPIEndpoint: APIEndpoint | None = None
    certificateKey: CertificateKey | None = None


class Patches(Strict):
    """Folder with patches of the static pods."""

    directory: str | None = None


class ControlPlaneComponentMaps(Strict):
    """ControlPlaneComponent up to v1beta3: arguments are a map."""

    extraArgs: dict[str, str] | None = None
    extraVolumes: list[HostPathMount] | None = None


class APIServerMaps(ControlPlaneComponentMaps):
    """APIServer up to v1beta3."""

    certSANs: list[str] | None = None
    timeoutForControlPlane: Duration | None = None


class LocalEtcdMaps(ImageMeta):
    """LocalEtcd up to v1beta3."""

    dataDir: str | None = None
    extraArgs: dict[str, str] | None = None
    serverCertSANs: list[str] | None = None
    peerCertSANs: list[str] | None = None


class EtcdMaps(Strict):
    """Etcd up to v1beta3."""

    local: LocalEtcdMaps | None = None
    external: ExternalEtcd | None = None


class DiscoveryWithTimeout(Strict):
    """Discovery up to v1beta3."""

    bootstrapToken: BootstrapTokenDiscovery | None = None
    file: FileDiscovery | None = None
    tlsBootstrapToken: str | None = None
    timeout: Duration | None = None


FeatureGates = dict[str, bool]
AnyMap = dict[str, Any]
