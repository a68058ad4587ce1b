# RUNTIME: containerd or docker. Prints what a restore asks of this control plane before it changes anything.
free() { # FOLDER: of it, or of the next one above it that is there
    folder=$1
    while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
    df -Pk "$folder" 2>/dev/null | { read -r _ && read -r _ _ _ free _ && echo "$free"; }
}
manifest=/etc/kubernetes/manifests/etcd.yaml
[ ! -e /var/lib/k8s-ha/restore/manifests/etcd.yaml ] || manifest=/var/lib/k8s-ha/restore/manifests/etcd.yaml
data=$(sed -n 's/^ *- --data-dir=//p' $manifest 2>/dev/null)
echo "free $(free "${data:-/var/lib/etcd}")"
echo "free_kept $(free /var/lib/k8s-ha)"
tool=ctr
[ "$RUNTIME" != docker ] || tool=docker
! command -v $tool >/dev/null 2>&1 || echo "tool $tool"
sum=$(sha256sum 2>/dev/null </etc/kubernetes/pki/sa.pub) && echo "service_account ${sum%% *}"
exit 0
