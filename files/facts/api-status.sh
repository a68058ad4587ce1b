# ADDRESS: the host's own node address. ENDPOINT: the cluster's, HOST:PORT. Prints `key value` lines about the cluster, as
# the host's own API server tells it, and whether one answers at the endpoint. A host of another cluster tells nothing.
k=/etc/kubernetes/admin.conf
tr -d '\r' <$k 2>/dev/null | grep -q "^ *server: https://$ENDPOINT$" || exit 0
own="https://$ADDRESS:6443"
ask() { timeout 20 kubectl --kubeconfig $k --request-timeout=15s "$@" 2>/dev/null; }
[ "$(ask --server "$own" --request-timeout=5s get --raw /readyz)" = ok ] || exit 0
echo "readyz own"
[ "$(ask get --raw /readyz)" = ok ] && echo "readyz endpoint"
held=$(ask --server "$own" get nodes,pods,services -A -o jsonpath='{range .items[?(@.kind=="Node")]}node {.metadata.name} {.status.conditions[?(@.type=="Ready")].status} {.status.nodeInfo.kubeletVersion}{"\n"}{end}{range .items[?(@.kind=="Pod")]}pod {.metadata.namespace} {.metadata.name} {.spec.nodeName} {.status.phase} {.status.podIP} {.status.containerStatuses[*].ready} image={.spec.containers[0].image}{"\n"}{end}{range .items[?(@.kind=="Service")]}service {.metadata.namespace} {.metadata.name} {.spec.clusterIP}{"\n"}{end}') || exit 1
echo "$held" | grep -e '^node ' -e '^pod kube-system ' -e '^pod kube-flannel ' -e '^service default kubernetes ' -e '^service kube-system kube-dns '
kept=$(ask --server "$own" -n kube-system get configmap kubeadm-config --ignore-not-found -o jsonpath='{.data.ClusterConfiguration}') || exit 1
echo "$kept" | sed -n 's/^kubernetesVersion: /kept_version /p'
exit 0
