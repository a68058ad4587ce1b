"""The cluster's settings, each with its default; docs/settings.md says what they mean."""

from k8s_ha import ClusterSettingsDict, check_settings

k8s_ha: ClusterSettingsDict = {
    # None: that of the cluster that stands; without one, the newest line that every node carries.
    "kubernetes_version": None,
    # None: the first load balancer's address, port 6443.
    "control_plane_endpoint": None,
    # None: this package's own nginx; {"external": "lb.example.com:6443"}: a balancer that somebody else runs.
    "endpoint": None,
    "endpoint_name": None,
    "endpoint_name_in_hosts": True,
    "pod_cidr": "10.244.0.0/16",
    "service_cidr": "10.96.0.0/12",
    "dns_domain": "cluster.local",
    "container_runtime": "containerd",
    "accepted_risks": [],
    "waive": [],
    "mirror": "official",
    "base_repositories": "keep",
    "remove_conflicting_packages": False,
    # None: the mirror's.
    "image_repository": None,
    "registry_mirrors": {},
    "pod_network": "flannel",
    "flannel_backend": "vxlan",
    "kube_proxy_mode": "iptables",
    "firewall": "disabled",
    "selinux": "permissive",
    "kubeadm_patches": {},
    "cert_extra_sans": [],
    "recover_quorum": False,
    "removed_nodes": [],
    # None: no backups by a timer; {"schedule": "02:30", "keep": 7}: one each day.
    "backup": None,
    "kubeconfig_dir": "kubeconfig",
    "report_dir": "reports",
    "workers_max_unavailable": "10%",
    "renew_certificates_within_days": 60,
    "verify_timeout_seconds": 300,
}

check_settings(k8s_ha)

# pyinfra's own: a host whose SSH key is not in your known_hosts is not spoken to (README.md, "Install").
ssh_strict_host_key_checking = "yes"
