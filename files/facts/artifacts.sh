# Prints `key value` lines: what the host holds of a cluster.
k=/etc/kubernetes
for path in $k/admin.conf $k/kubelet.conf $k/bootstrap-kubelet.conf $k/pki/ca.crt $k/manifests/kube-apiserver.yaml \
    $k/manifests/etcd.yaml /var/lib/etcd/member; do
    [ -e "$path" ] && echo "trace $path"
done
# admin.conf first: from 1.33 on a control plane's kubelet asks its own API server, not the endpoint.
for kubeconfig in $k/admin.conf $k/kubelet.conf $k/bootstrap-kubelet.conf; do
    [ -e "$kubeconfig" ] && sed -n 's/^ *server: */server /p' "$kubeconfig"
done
[ -e $k/pki/ca.crt ] && sed 's/^/authority /' $k/pki/ca.crt
[ -e /run/k8s-ha/kubeadm.lock ] && ! flock -s -n /run/k8s-ha/kubeadm.lock true && echo "busy yes"
