# Has kubeadm make a certificate by which a node's kubelet logs in, on a control plane; prints it, and its key behind it.
#
# kubeadm's file comes on stdin. Nothing of it, and no key, is left on this host.
umask 077
mkdir -p /run/k8s-ha && folder=$(mktemp -d /run/k8s-ha/kubelet.XXXXXX) || exit 1
trap 'rm -rf "$folder"' EXIT
cat >"$folder/kubeadm.yaml"
kubeadm init phase kubeconfig kubelet --config "$folder/kubeadm.yaml" --kubeconfig-dir "$folder" >&2 || exit 1
for part in client-certificate-data client-key-data; do
    sed -n "s/^ *$part: *//p" "$folder/kubelet.conf" | head -n 1 | base64 -d || exit 1
done
