# HOST, FIRST, CONFIG: makes a clean host a control plane of the lost cluster, up to its static pods, which stay out of use.
# Stands behind copied.sh and restore-mark.sh.
#
# FIRST: "yes" on the one that an init would be on. CONFIG: kubeadm's file, removed afterwards. The cluster's CAs are there.
trap 'rm -f "$CONFIG"' EXIT
trap 'exit 143' TERM
! reached tried || exit 0
umask 022
manifests=/etc/kubernetes/manifests
failed() {
    echo "$HOST: \`kubeadm init phase $1\` failed; see the lines above, then run this again." >&2
    exit 1
}
# With manifests in place it would start an etcd on nothing.
systemctl stop kubelet
phase() { kubeadm init phase "$@" --config "$CONFIG" || failed "$*"; }
phase certs all
configs="admin kubelet controller-manager scheduler"
if [ -n "$FIRST" ] && kubeadm init phase kubeconfig --help 2>/dev/null | grep -q super-admin; then configs="$configs super-admin"; fi
for each in $configs; do phase kubeconfig "$each"; done
phase etcd local
phase control-plane all
mkdir -p -m 700 "$kept/manifests" || exit 1
for each in etcd kube-apiserver kube-controller-manager kube-scheduler; do
    copied "$manifests/$each.yaml" "$kept/manifests/$each.yaml" && timeout 60 sync && rm -f "$manifests/$each.yaml" || exit 1
done
phase kubelet-start
