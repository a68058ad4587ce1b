# ADDRESS, INIT_MARKER: the host's own node address; the file that an init of this package leaves until it has ended well.
#
# Defines is_init_unfinished: 0 where it is proven that such an init did not come to its end and that nothing but its own
# is there; 2 where the API server, which alone could tell, does not tell; else 1. The file proves nothing by itself:
# power may go between init's end and its removal.
k=/etc/kubernetes
ask() { timeout 15 kubectl --kubeconfig $k/admin.conf --server "https://$ADDRESS:6443" --request-timeout=10s "$@" 2>/dev/null; }
serves() { [ -e $k/admin.conf ] && command -v kubectl >/dev/null && [ "$(ask get --raw /readyz)" = ok ]; }
# After it has made the bootstrap token, and before the addons, kubeadm points kubelet.conf to the certificate that the
# kubelet renews; where the kubelet renews none, kubelet.conf tells nothing. Power cuts leave new files empty.
is_kubelet_unfinished() {
    grep -q kubelet-client-current.pem $k/kubelet.conf 2>/dev/null && return 1
    [ ! -s /var/lib/kubelet/config.yaml ] || grep -q '^rotateCertificates: true' /var/lib/kubelet/config.yaml
}
is_init_unfinished() {
    [ -e "$INIT_MARKER" ] || return 1
    if ! serves; then
        is_kubelet_unfinished
        return
    fi
    held=$(ask get nodes,namespaces,pods,deployments,daemonsets -A -o jsonpath='{range .items[*]}{.kind} {.metadata.namespace}{.status.addresses[?(@.type=="InternalIP")].address} {.metadata.name}{"\n"}{end}') || return 2
    echo "$held" | grep -v -x -E -q "(Node $ADDRESS .*|Namespace  (default|kube-(system|public|node-lease))|Pod kube-system (etcd|kube-(apiserver|controller-manager|scheduler|proxy)|coredns)-.*|Deployment kube-system coredns|DaemonSet kube-system kube-proxy)?" && return 1
    # They are the last that init makes, in this order.
    for last in "Deployment kube-system coredns" "DaemonSet kube-system kube-proxy"; do
        echo "$held" | grep -q -x "$last" || return 0
    done
    return 1
}
