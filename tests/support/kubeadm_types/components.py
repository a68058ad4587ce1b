"""kubelet.config.k8s.io/v1beta1 and kubeproxy.config.k8s.io/v1alpha1, as one union over Kubernetes 1.20 to 1.37.

staging/src/k8s.io/kubelet/config/v1beta1/types.go of Kubernetes v1.20.2 and of kubernetes/kubernetes at commit
001332b0422071acf4860769f18e34b5e9b7c1bc; staging/src/k8s.io/kube-proxy/config/v1alpha1/types.go of v1.20.2 and at
commit 052d2d84f95e90aa94868b51a48b1ae7a1c91152.
"""

from typing import Literal

from tests.support.kubeadm_types.common import AnyMap, Duration, FeatureGates, Strict, Taint

Quantities = dict[str, str]


class KubeletX509Authentication(Strict):
    """Client certificates."""

    clientCAFile: str | None = None


class KubeletWebhookAuthentication(Strict):
    """Bearer tokens that the API server checks."""

    enabled: bool | None = None
    cacheTTL: Duration | None = None


class KubeletAnonymousAuthentication(Strict):
    """Anonymous requests."""

    enabled: bool | None = None


class KubeletAuthentication(Strict):
    """Who may talk to the kubelet."""

    x509: KubeletX509Authentication | None = None
    webhook: KubeletWebhookAuthentication | None = None
    anonymous: KubeletAnonymousAuthentication | None = None


class KubeletWebhookAuthorization(Strict):
    """How long answers of the API server are kept."""

    cacheAuthorizedTTL: Duration | None = None
    cacheUnauthorizedTTL: Duration | None = None


class KubeletAuthorization(Strict):
    """What requests to the kubelet may do."""

    mode: Literal["AlwaysAllow", "Webhook"] | None = None
    webhook: KubeletWebhookAuthorization | None = None


class KubeletConfiguration(Strict):
    """The kubelet's configuration file."""

    apiVersion: Literal["kubelet.config.k8s.io/v1beta1"]
    kind: Literal["KubeletConfiguration"]
    enableServer: bool | None = None
    staticPodPath: str | None = None
    podLogsDir: str | None = None
    syncFrequency: Duration | None = None
    fileCheckFrequency: Duration | None = None
    httpCheckFrequency: Duration | None = None
    staticPodURL: str | None = None
    staticPodURLHeader: dict[str, list[str]] | None = None
    address: str | None = None
    port: int | None = None
    readOnlyPort: int | None = None
    tlsCertFile: str | None = None
    tlsPrivateKeyFile: str | None = None
    tlsCipherSuites: list[str] | None = None
    tlsCurvePreferences: list[int] | None = None
    tlsMinVersion: str | None = None
    rotateCertificates: bool | None = None
    serverTLSBootstrap: bool | None = None
    authentication: KubeletAuthentication | None = None
    authorization: KubeletAuthorization | None = None
    registryPullQPS: int | None = None
    registryBurst: int | None = None
    imagePullCredentialsVerificationPolicy: str | None = None
    preloadedImagesVerificationAllowlist: list[str] | None = None
    eventRecordQPS: int | None = None
    eventBurst: int | None = None
    enableDebuggingHandlers: bool | None = None
    enableContentionProfiling: bool | None = None
    healthzPort: int | None = None
    healthzBindAddress: str | None = None
    oomScoreAdj: int | None = None
    clusterDomain: str | None = None
    clusterDNS: list[str] | None = None
    streamingConnectionIdleTimeout: Duration | None = None
    nodeStatusUpdateFrequency: Duration | None = None
    nodeStatusReportFrequency: Duration | None = None
    nodeLeaseDurationSeconds: int | None = None
    imageMinimumGCAge: Duration | None = None
    imageMaximumGCAge: Duration | None = None
    imageGCHighThresholdPercent: int | None = None
    imageGCLowThresholdPercent: int | None = None
    volumeStatsAggPeriod: Duration | None = None
    kubeletCgroups: str | None = None
    systemCgroups: str | None = None
    cgroupRoot: str | None = None
    cgroupsPerQOS: bool | None = None
    cgroupDriver: Literal["cgroupfs", "systemd"] | None = None
    cpuManagerPolicy: str | None = None
    singleProcessOOMKill: bool | None = None
    cpuManagerPolicyOptions: dict[str, str] | None = None
    cpuManagerReconcilePeriod: Duration | None = None
    draManagerReconcilePeriod: Duration | None = None
    memoryManagerPolicy: str | None = None
    topologyManagerPolicy: str | None = None
    topologyManagerScope: str | None = None
    topologyManagerPolicyOptions: dict[str, str] | None = None
    qosReserved: dict[str, str] | None = None
    runtimeRequestTimeout: Duration | None = None
    hairpinMode: str | None = None
    maxPods: int | None = None
    podCIDR: str | None = None
    podPidsLimit: int | None = None
    resolvConf: str | None = None
    runOnce: bool | None = None
    cpuCFSQuota: bool | None = None
    cpuCFSQuotaPeriod: Duration | None = None
    nodeStatusMaxImages: int | None = None
    maxOpenFiles: int | None = None
    contentType: str | None = None
    kubeAPIQPS: int | None = None
    kubeAPIBurst: int | None = None
    serializeImagePulls: bool | None = None
    maxParallelImagePulls: int | None = None
    evictionHard: Quantities | None = None
    evictionSoft: Quantities | None = None
    evictionSoftGracePeriod: dict[str, str] | None = None
    evictionPressureTransitionPeriod: Duration | None = None
    evictionMaxPodGracePeriod: int | None = None
    evictionMinimumReclaim: Quantities | None = None
    mergeDefaultEvictionSettings: bool | None = None
    podsPerCore: int | None = None
    enableControllerAttachDetach: bool | None = None
    protectKernelDefaults: bool | None = None
    makeIPTablesUtilChains: bool | None = None
    iptablesMasqueradeBit: int | None = None
    iptablesDropBit: int | None = None
    featureGates: FeatureGates | None = None
    failSwapOn: bool | None = None
    memorySwap: AnyMap | None = None
    containerLogMaxSize: str | None = None
    containerLogMaxFiles: int | None = None
    containerLogMaxWorkers: int | None = None
    containerLogMonitorInterval: Duration | None = None
    configMapAndSecretChangeDetectionStrategy: Literal["Get", "Cache", "Watch"] | None = None
    systemReserved: Quantities | None = None
    kubeReserved: Quantities | None = None
    reservedSystemCPUs: str | None = None
    showHiddenMetricsForVersion: str | None = None
    systemReservedCgroup: str | None = None
    kubeReservedCgroup: str | None = None
    enforceNodeAllocatable: list[str] | None = None
    allowedUnsafeSysctls: list[str] | None = None
    volumePluginDir: str | None = None
    providerID: str | None = None
    kernelMemcgNotification: bool | None = None
    logging: AnyMap | None = None
    enableSystemLogHandler: bool | None = None
    enableSystemLogQuery: bool | None = None
    shutdownGracePeriod: Duration | None = None
    shutdownGracePeriodCriticalPods: Duration | None = None
    shutdownGracePeriodByPodPriority: list[AnyMap] | None = None
    crashLoopBackOff: AnyMap | None = None
    reservedMemory: list[AnyMap] | None = None
    enableProfilingHandler: bool | None = None
    enableDebugFlagsHandler: bool | None = None
    seccompDefault: bool | None = None
    memoryThrottlingFactor: float | None = None
    memoryReservationPolicy: str | None = None
    registerWithTaints: list[Taint] | None = None
    registerNode: bool | None = None
    tracing: AnyMap | None = None
    localStorageCapacityIsolation: bool | None = None
    containerRuntimeEndpoint: str | None = None
    imageServiceEndpoint: str | None = None
    failCgroupV1: bool | None = None
    userNamespaces: AnyMap | None = None


class ClientConnectionConfiguration(Strict):
    """k8s.io/component-base/config/v1alpha1 ClientConnectionConfiguration."""

    kubeconfig: str | None = None
    acceptContentTypes: str | None = None
    contentType: str | None = None
    qps: float | None = None
    burst: int | None = None


class KubeProxyIPTablesConfiguration(Strict):
    """Mode iptables."""

    masqueradeBit: int | None = None
    masqueradeAll: bool | None = None
    localhostNodePorts: bool | None = None
    snatNodeInternalIP: bool | None = None
    syncPeriod: Duration | None = None
    minSyncPeriod: Duration | None = None


class KubeProxyIPVSConfiguration(Strict):
    """Mode ipvs."""

    syncPeriod: Duration | None = None
    minSyncPeriod: Duration | None = None
    scheduler: str | None = None
    excludeCIDRs: list[str] | None = None
    strictARP: bool | None = None
    tcpTimeout: Duration | None = None
    tcpFinTimeout: Duration | None = None
    udpTimeout: Duration | None = None


class KubeProxyNFTablesConfiguration(Strict):
    """Mode nftables."""

    masqueradeBit: int | None = None
    masqueradeAll: bool | None = None
    syncPeriod: Duration | None = None
    minSyncPeriod: Duration | None = None


class KubeProxyConntrackConfiguration(Strict):
    """The kernel's connection tracking."""

    maxPerCore: int | None = None
    min: int | None = None
    tcpEstablishedTimeout: Duration | None = None
    tcpCloseWaitTimeout: Duration | None = None
    tcpBeLiberal: bool | None = None
    udpTimeout: Duration | None = None
    udpStreamTimeout: Duration | None = None


class KubeProxyConfiguration(Strict):
    """kube-proxy's configuration file."""

    apiVersion: Literal["kubeproxy.config.k8s.io/v1alpha1"]
    kind: Literal["KubeProxyConfiguration"]
    featureGates: FeatureGates | None = None
    clientConnection: ClientConnectionConfiguration | None = None
    logging: AnyMap | None = None
    hostnameOverride: str | None = None
    bindAddress: str | None = None
    healthzBindAddress: str | None = None
    metricsBindAddress: str | None = None
    bindAddressHardFail: bool | None = None
    enableProfiling: bool | None = None
    showHiddenMetricsForVersion: str | None = None
    mode: Literal["", "iptables", "ipvs", "nftables", "kernelspace"] | None = None
    iptables: KubeProxyIPTablesConfiguration | None = None
    ipvs: KubeProxyIPVSConfiguration | None = None
    nftables: KubeProxyNFTablesConfiguration | None = None
    winkernel: AnyMap | None = None
    detectLocalMode: str | None = None
    detectLocal: AnyMap | None = None
    clusterCIDR: str | None = None
    nodePortAddresses: list[str] | None = None
    oomScoreAdj: int | None = None
    conntrack: KubeProxyConntrackConfiguration | None = None
    configSyncPeriod: Duration | None = None
    portRange: str | None = None
    windowsRunAsService: bool | None = None
    udpIdleTimeout: Duration | None = None
