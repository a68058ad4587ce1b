# ADDRESS: the host's own node address. Behind diagnosis-parts.sh: the parts that a control plane tells of the cluster.
#
# Its own API server is asked, since the endpoint may be what is broken. No Secret is read, and of pods only those of the cluster's
# own are described: the environment of others is theirs. kubectl keeps no cache.
ask() {
    show kubectl "$@" --kubeconfig /etc/kubernetes/admin.conf --server "https://$ADDRESS:6443" --cache-dir /dev/null/none --request-timeout=10s
}
quietly() { ask "$@" 3>/dev/null 2>/dev/null | tail -n +2; }

part_health() {
    ask version
    ask get --raw '/readyz?verbose'
    ask get --raw '/livez?verbose'
}
part_nodes() {
    ask get nodes -o wide --show-labels
    ask get leases -n kube-system
    ask get leases -n kube-node-lease
    ask get csr
}
part_pods() { ask get pods -A -o wide; }
part_workloads() { ask get deployments,daemonsets,statefulsets,services,endpoints,poddisruptionbudgets -A -o wide; }
part_hooks() { ask get apiservices,validatingwebhookconfigurations,mutatingwebhookconfigurations,storageclasses,runtimeclasses; }
part_events() { ask get events -A --sort-by=.lastTimestamp; }

part_configuration() {
    for name in kubeadm-config kubelet-config kube-proxy coredns; do ask -n kube-system get configmap "$name" -o yaml; done
    ask -n kube-flannel get configmap kube-flannel-cfg -o yaml
    ask -n kube-public get configmap cluster-info -o 'jsonpath={.metadata.name} {.metadata.creationTimestamp}'
}

part_unready() {
    quietly get nodes --no-headers | grep -v '^[^ ]* *Ready ' | head -n 10 | while read -r name _; do
        if [ -n "$name" ]; then ask describe node "$name"; fi
    done
    for namespace in kube-system kube-flannel; do
        quietly -n "$namespace" get pods --no-headers |
            grep -v -e '^[^ ]* *\([0-9]*\)/\1  *Running ' -e '^[^ ]* *[0-9/]* *Completed ' | head -n 15 |
            while read -r name _; do
                if [ -n "$name" ]; then ask -n "$namespace" describe pod "$name"; fi
            done
    done
    return 0
}

# One that is not there, or silent, tells nothing.
[ -n "$(ask get --raw /version 3>/dev/null 2>/dev/null | tail -n +2)" ] || exit 0
answered
