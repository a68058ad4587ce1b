"""Flags and feature gates that components no longer know, by the first minor without them, with their sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Final, Literal

Component = Literal["kubelet", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"]

# Rows up to 28 are by their pull requests. Row 29 is what 1.20.2's sources define and 1.29.15's do not, so that it went
# at some line between them; later rows are what the sources of one line define and those of the next do not, read in
# 1.29.15, 1.30.14, 1.31.9, 1.32.13, 1.33.13, 1.34.11, 1.35.4, 1.36.3 and 1.37.2.
_INSECURE: Final = "address port"
# KEP-2845: klog's own flags, which all of these had.
_KLOG: Final = (
    "add-dir-header alsologtostderr log-backtrace-at log-dir log-file log-file-max-size logtostderr one-output "
    "skip-headers skip-log-headers stderrthreshold"
)
_FLAGS: Final[Mapping[Component, Mapping[int, str]]] = {
    "kubelet": {
        # Not in 1.20.2's cmd/kubelet/app/options.
        20: "allow-privileged api-servers bootstrap-checkpoint-path cadvisor-port containerized network-plugin-dir "
        "require-kubeconfig rkt-path rkt-stage1-image",
        # kubernetes#101057; pkg/kubelet/config/flags.go of 1.20 says it of redirect-container-streaming.
        22: "chaos-chance redirect-container-streaming",
        # kubernetes#106907, and with dockershim itself kubenet's non-masquerade-cidr; KEP-281 for dynamic-config-dir.
        24: "cni-bin-dir cni-cache-dir cni-conf-dir docker-endpoint dynamic-config-dir "
        "experimental-dockershim-root-directory image-pull-progress-deadline network-plugin network-plugin-mtu "
        "non-masquerade-cidr",
        26: _KLOG,
        # kubernetes#114017
        27: "container-runtime",
        29: "enable-cadvisor-json-endpoints experimental-bootstrap-kubeconfig "
        "experimental-check-node-capabilities-before-mount experimental-kernel-memcg-notification "
        "experimental-logging-sanitization master-service-namespace really-crash-for-testing seccomp-profile-root",
        # kubernetes#122363, and CHANGELOG-1.31 for keep-terminated-pod-volumes.
        31: "iptables-drop-bit iptables-masquerade-bit keep-terminated-pod-volumes",
        # CHANGELOG-1.34
        34: "cloud-config register-schedulable",
        # kubernetes#133779
        35: "pod-infra-container-image",
        # kubernetes#139870, of which these are known.
        37: "boot-id-file containerd containerd-namespace enable-load-reader",
    },
    "kube-apiserver": {
        # kubernetes#95856 announced it, CHANGELOG-1.24 has it.
        24: f"{_INSECURE} insecure-bind-address insecure-port",
        26: _KLOG,
        29: "deserialization-cache-size enable-swagger-ui experimental-encryption-provider-config "
        "experimental-logging-sanitization identity-lease-duration-seconds identity-lease-renew-interval-seconds "
        "kubelet-https master-service-namespace service-account-api-audiences ssh-keyfile ssh-user target-ram-mb",
        # kubernetes#130162
        33: "cloud-config cloud-provider",
    },
    "kube-controller-manager": {
        # CHANGELOG-1.24
        24: _INSECURE,
        26: _KLOG,
        # kubernetes#115840
        27: "enable-taint-manager pod-eviction-timeout",
        29: "deleting-pods-burst deleting-pods-qps deployment-controller-sync-period "
        "experimental-cluster-signing-duration experimental-logging-sanitization "
        "horizontal-pod-autoscaler-use-rest-clients register-retry-count",
        # kubernetes#124948 for the autoscaler's.
        31: "horizontal-pod-autoscaler-downscale-delay horizontal-pod-autoscaler-upscale-delay "
        "volume-host-allow-local-loopback volume-host-cidr-denylist",
    },
    "kube-scheduler": {
        26: _KLOG,
        29: f"{_INSECURE} algorithm-provider experimental-logging-sanitization hard-pod-affinity-symmetric-weight "
        "lock-object-name lock-object-namespace policy-config-file policy-configmap policy-configmap-namespace "
        "scheduler-name use-legacy-policy-config",
    },
    # 1.37 brings etcd 3.7, which knows none (upgrade_3_7.md, kubernetes#132838).
    "etcd": {37: "experimental-*"},
}

CLEANED_BY_KUBEADM: Final[Mapping[str, int]] = {
    # kubernetes#112000, gone again in 1.27 by #114409.
    "container-runtime": 26,
    # kubernetes#133778: 1.35's cmd/phases/upgrade/postupgrade.go.
    "pod-infra-container-image": 35,
}
"""Flags that an upgrade to this minor takes out of kubeadm-flags.env by itself, and out of no other place."""

GateOwner = Literal["kubeadm", "Kubernetes"]

# By the same sources: cmd/kubeadm/app/features; pkg/features with what k8s.io/apiserver, component-base and
# controller-manager register, which all components of the line know or do not.
# Row 29 also has what the website's feature-gates-removed.md lists as come and gone between.
_GATES: Final[Mapping[GateOwner, Mapping[int, str]]] = {
    "kubeadm": {
        # UnversionedKubeletConfigMap by kubernetes/website#42771.
        29: "IPv6DualStack UnversionedKubeletConfigMap",
        31: "UpgradeAddonsBeforeControlPlane",
        33: "EtcdLearnerMode",
        35: "WaitForAllControlPlaneComponents",
        36: "ControlPlaneKubeletLocalMode",
        37: "NodeLocalCRISocket PublicKeysECDSA",
    },
    "Kubernetes": {
        29: "AdvancedAuditing AllowInsecureBackendProxy AttachVolumeLimit BalanceAttachedNodeVolumes BlockVolume "
        "BoundServiceAccountTokenVolume CRIContainerLogRotation CSIBlockVolume CSIDriverRegistry "
        "CSIInlineVolume CSIMigration CSIMigrationAWS CSIMigrationAWSComplete CSIMigrationAzureDisk "
        "CSIMigrationAzureDiskComplete CSIMigrationAzureFileComplete CSIMigrationGCE CSIMigrationGCEComplete "
        "CSIMigrationOpenStack CSIMigrationOpenStackComplete CSIMigrationvSphere CSIMigrationvSphereComplete "
        "CSINodeInfo CSIServiceAccountToken CSIStorageCapacity CSIVolumeFSGroupPolicy CSRDuration "
        "ConfigurableFSGroupPolicy ControllerManagerLeaderMigration CronJobControllerV2 DaemonSetUpdateSurge "
        "DefaultPodTopologySpread DevicePlugins DisableAcceleratorUsageMetrics DownwardAPIHugePages DryRun "
        "DynamicKubeletConfig EndpointSlice EndpointSliceNodeName EndpointSliceProxying "
        "EndpointSliceTerminatingCondition EphemeralContainers EvenPodsSpread ExpandCSIVolumes "
        "ExpandInUsePersistentVolumes ExpandPersistentVolumes ExternalPolicyForExternalIP "
        "GenericEphemeralVolume HugePageStorageMediumSize HyperVContainer IPv6DualStack IdentifyPodOS "
        "ImmutableEphemeralVolumes IndexedJob IngressClassNamespacedParams KubeletCredentialProviders "
        "LegacyNodeRoleBehavior LocalStorageCapacityIsolation MixedProtocolLBService "
        "NamespaceDefaultLabelName NetworkPolicyEndPort NodeDisruptionExclusion NodeLease "
        "NonPreemptingPriority PodAffinityNamespaceSelector PodDisruptionBudget PodOverhead "
        "PreferNominatedNode RootCAConfigMap RotateKubeletClientCertificate RunAsGroup RuntimeClass "
        "SCTPSupport SelectorIndex ServiceAccountIssuerDiscovery ServiceAppProtocol ServiceLBNodePortControl "
        "ServiceLoadBalancerClass ServiceNodeExclusion ServiceTopology SetHostnameAsFQDN StartupProbe "
        "StatefulSetMinReadySeconds StorageObjectInUseProtection StreamingProxyRedirects SupportNodePidsLimit "
        "SupportPodPidsLimit SuspendJob Sysctls TTLAfterFinished TokenRequest TokenRequestProjection "
        "TopologyManager ValidateProxyRedirects VolumePVCDataSource VolumeSnapshotDataSource VolumeSubpath "
        "WarningHeaders WindowsEndpointSliceProxying WindowsGMSA WindowsRunAsUserName",
        30: "APISelfSubjectReview CSIMigrationAzureFile ExpandedDNSConfig ExperimentalHostUserNamespaceDefaulting "
        "IPTablesOwnershipCleanup KubeletPodResources KubeletPodResourcesGetAllocatable "
        "LegacyServiceAccountTokenTracking MinimizeIPTablesRestore ProxyTerminatingEndpoints RemoveSelfLink "
        "SecurityContextDeny",
        31: "APIPriorityAndFairness CSIMigrationRBD CSINodeExpandSecret ConsistentHTTPGetHandlers "
        "CustomResourceValidationExpressions DefaultHostNetworkHostPortsInPodTemplates "
        "InTreePluginAWSUnregister InTreePluginAzureDiskUnregister InTreePluginAzureFileUnregister "
        "InTreePluginGCEUnregister InTreePluginOpenStackUnregister InTreePluginRBDUnregister "
        "InTreePluginvSphereUnregister JobReadyPods ReadWriteOncePod ServiceNodePortStaticSubrange "
        "SkipReadOnlyValidationGCE",
        32: "CloudDualStackNodeIPs DRAControlPlaneController HPAContainerMetrics KMSv2 KMSv2KDF "
        "LegacyServiceAccountTokenCleanUp MinDomainsInPodTopologySpread NewVolumeManagerReconstruction "
        "NodeOutOfServiceVolumeDetach PodHostIPs ServerSideApply ServerSideFieldValidation "
        "StableLoadBalancerNodeSet ValidatingAdmissionPolicy ZeroLimitedNominalConcurrencyShares",
        33: "APIListChunking AdmissionWebhookMatchConditions AggregatedDiscoveryEndpoint AppArmor AppArmorFields "
        "CPUManager DisableCloudProviders DisableKubeletCloudCredentialProviders EfficientWatchResumption "
        "JobPodFailurePolicy KubeProxyDrainingTerminatingNodes PDBUnhealthyPodEvictionPolicy "
        "PersistentVolumeLastPhaseTransitionTime RemainingItemCount VolumeCapacityPriority WatchBookmark",
        34: "DevicePluginCDIDevices ElasticIndexedJob LegacySidecarContainers PodDisruptionConditions "
        "StatefulSetStartOrdinal",
        35: "AllowServiceLBStatusOnNonLB ComponentSLIs CronJobsScheduledAnnotation LoadBalancerIPMode "
        "PodIndexLabel ProbeHostPodSecurityStandards SizeMemoryBackedVolumes StatefulSetAutoDeletePVC "
        "StrictCostEnforcementForVAP StrictCostEnforcementForWebhooks UserNamespacesPodSecurityStandards",
        36: "CSIMigrationPortworx HonorPVReclaimPolicy InPlacePodVerticalScalingAllocatedStatus "
        "InTreePluginPortworxUnregister MemoryManager ServiceTrafficDistribution "
        "StructuredAuthorizationConfiguration TopologyAwareHints WatchFromStorageWithoutResourceVersion",
        37: "APIServerTracing AnonymousAuthConfigurableEndpoints AnyVolumeDataSource AuthorizeNodeWithSelectors "
        "AuthorizeWithSelectors BtreeWatchCache ConsistentListFromCache GangScheduling "
        "JobBackoffLimitPerIndex JobPodReplacementPolicy JobSuccessPolicy LogarithmicScaleDown "
        "OrderedNamespaceDeletion PodLifecycleSleepAction PodLifecycleSleepActionAllowZero "
        "PreventStaticPodAPIReferences RelaxedDNSSearchValidation ResilientWatchCacheInitialization "
        "RetryGenerateName SchedulerQueueingHints SidecarContainers StreamingCollectionEncodingToJSON "
        "StreamingCollectionEncodingToProtobuf StructuredAuthenticationConfiguration WorkloadAwarePreemption",
    },
}


def _by_name(rows: Mapping[int, str]) -> dict[str, int]:
    return {name: minor for minor, names in rows.items() for name in names.split()}


_FLAGS_BY_NAME: Final = {component: _by_name(rows) for component, rows in _FLAGS.items()}
_GATES_BY_NAME: Final = {owner: _by_name(rows) for owner, rows in _GATES.items()}

KUBELET_FLAGS_REMOVED: Final[Mapping[str, int]] = _FLAGS_BY_NAME["kubelet"]
"""First minor without the flag."""


def removed_flags(component: Component, since_minor: int, to_minor: int) -> dict[str, int]:
    """Flags that a component loses on the way, each a shell pattern, with the first minor without it."""
    return _on_the_way(_FLAGS_BY_NAME[component], since_minor, to_minor)


def removed_gates(owner: GateOwner, since_minor: int, to_minor: int) -> dict[str, int]:
    """Feature gates that are no longer known on the way, with the first minor without them."""
    return _on_the_way(_GATES_BY_NAME[owner], since_minor, to_minor)


def lost(names: Iterable[str], removed: Mapping[str, int]) -> dict[str, int]:
    """Those of the names that a pattern fits, with the first minor without them."""
    return {name: minor for name in names for pattern, minor in removed.items() if fnmatchcase(name, pattern)}


def _on_the_way(rows: Mapping[str, int], since_minor: int, to_minor: int) -> dict[str, int]:
    return {name: minor for name, minor in rows.items() if since_minor < minor <= to_minor}
