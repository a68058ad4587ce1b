# ETCD_FOLDER: where etcd's data may be, too; may be empty. Prints `key value` lines: what the host holds of a cluster.
k=/etc/kubernetes
for path in $k/admin.conf $k/kubelet.conf $k/bootstrap-kubelet.conf $k/pki/ca.crt $k/manifests/kube-apiserver.yaml $k/manifests/etcd.yaml; do
    [ -e "$path" ] && echo "trace $path"
done
# A manifest that a power cut has emptied names no folder.
{
    printf '%s\n' /var/lib/etcd "$ETCD_FOLDER"
    sed -n 's/^ *- --data-dir=//p' $k/manifests/etcd.yaml 2>/dev/null
} | tr -d '\r\0"' | sed 's|/*$||' | sort -u | while read -r folder; do
    [ -n "$folder" ] && [ -e "$folder/member" ] && echo "trace $folder/member"
done
# A file may be cut off, hold nothing but zeros after a power cut, or have the line ends of Windows.
content() { tr -d '\r\0' <"$1"; }
value() { echo "$text" | sed -n "s/^ *$1: *//p" | head -n 1; }
# admin.conf first: from 1.33 on a control plane's kubelet asks its own API server, not the endpoint.
for kubeconfig in $k/admin.conf $k/kubelet.conf $k/bootstrap-kubelet.conf; do
    [ -e "$kubeconfig" ] || continue
    text=$(content "$kubeconfig")
    echo "$text" | sed -n 's/^ *server: */server /p'
    # What it holds of a user is secret, and only told to be there.
    case $text in *client-certificate* | *token* | *exec:* | *username:*) user=yes ;; *) user=no ;; esac
    server=$(value server) authority=$(value certificate-authority-data)
    echo "config $kubeconfig ${server:--} $user ${authority:--}"
done
if [ -e $k/pki/ca.crt ]; then
    text=$(content $k/pki/ca.crt)
    echo "$text" | sed 's/^/authority /'
fi
if [ -e /var/lib/k8s-ha/restore/mark ]; then echo "restoring $(head -c 500 /var/lib/k8s-ha/restore/mark | tr '\n' ' ')"; fi
[ -e /run/k8s-ha/kubeadm.lock ] && ! flock -s -n /run/k8s-ha/kubeadm.lock true && echo "busy yes"
