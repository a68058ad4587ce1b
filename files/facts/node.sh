# ADDRESS: the host's own node address.
# Prints `key value` lines: what the host holds of a cluster and what its own API server answers.
k=/etc/kubernetes
[ "$(id -u)" = 0 ] || exit 1
trap 'echo "end"' EXIT # a virgin host must not look like one that could not be read
for path in $k/admin.conf $k/kubelet.conf $k/bootstrap-kubelet.conf $k/pki/ca.crt $k/manifests/kube-apiserver.yaml \
    $k/manifests/etcd.yaml /var/lib/etcd/member; do
    [ -e "$path" ] && echo "trace $path"
done
# admin.conf first: from 1.33 on a control plane's kubelet asks its own API server, not the endpoint.
for kubeconfig in $k/admin.conf $k/kubelet.conf $k/bootstrap-kubelet.conf; do
    [ -e "$kubeconfig" ] && sed -n 's/^ *server: */server /p' "$kubeconfig"
done
[ -e $k/pki/ca.crt ] && sed 's/^/authority /' $k/pki/ca.crt
[ -e /run/k8s-ha/kubeadm.lock ] && ! flock -n /run/k8s-ha/kubeadm.lock true && echo "busy yes"
[ -e $k/admin.conf ] && command -v kubectl >/dev/null || exit 0
ask() { timeout 15 kubectl --kubeconfig $k/admin.conf --server "https://$ADDRESS:6443" --request-timeout=10s "$@" 2>/dev/null; }
[ "$(ask get --raw /readyz)" = ok ] || exit 0
echo "readyz ok"
ask get nodes -o jsonpath='{range .items[*]}node {.metadata.name} {.status.conditions[?(@.type=="Ready")].status} {.status.nodeInfo.kubeletVersion} {.metadata.labels}{"\n"}{end}'
e=$k/pki/etcd
if [ -e $e/healthcheck-client.crt ]; then
    members=$(curl -fsS --noproxy '*' --max-time 10 --cacert $e/ca.crt --cert $e/healthcheck-client.crt --key $e/healthcheck-client.key \
        -d '{}' https://127.0.0.1:2379/v3/cluster/member/list 2>/dev/null | tr -d '\n') && echo "members $members"
fi
ask -n kube-system get secrets -l app.kubernetes.io/managed-by=k8s-ha -o name | sed 's/^/secret /'
exit 0
