"""The cluster's settings in the lab: Kubernetes 1.20.2 from the lab's own mirror."""

k8s_ha = {
    "kubernetes_version": "1.20.2",
    "mirror": {
        "kubernetes_baseurl": "http://pkgs.lab/kubernetes/v1.20",
        "kubernetes_gpgkey": "http://pkgs.lab/kubernetes/v1.20/repodata/repomd.xml.key",
    },
    "flannel_backend": "host-gw",
    "kubeadm_patches": {
        # Six hosts share a few cores and one disk: etcd's defaults would lose its leader during a join.
        "ClusterConfiguration": {
            "etcd": {"local": {"extraArgs": {"heartbeat-interval": "500", "election-timeout": "5000"}}}
        },
        # A kubelet shows a control plane's pods in the API when it looks at them next: by default after a minute.
        "KubeletConfiguration": {"syncFrequency": "10s"},
        # nf_conntrack_max belongs to the kernel that all hosts share.
        "KubeProxyConfiguration": {"conntrack": {"maxPerCore": 0}},
    },
}
