# HOST, CRI_SOCKET, ENDPOINT, ETCD_DATA, FLAGS: takes a host that is in no cluster back to before its init or join.
#
# ETCD_DATA: etcd's folder of data on a control plane; empty on a worker. FLAGS: of kubeadm reset.
#
# kubeadm says itself that it leaves CNI's files, packet filter rules and root's kubeconfig behind; the next join would
# meet them. remove_pod_network is in remove-pod-network.sh, before this.
# shellcheck disable=SC2086 # each of FLAGS is a word
kubeadm reset --force $FLAGS --cri-socket "$CRI_SOCKET" || exit
# kubeadm looks for etcd's data by its manifest, which a power cut may have emptied.
[ -z "$ETCD_DATA" ] || rm -rf "$ETCD_DATA"
rm -f /etc/cni/net.d/10-flannel.conflist
rm -rf /var/lib/cni
# What changes that were cut off have kept of this cluster, with its keys, or have half written.
for kept in static-pods apiserver-certificate new-certificate kubelet-config kubeadm-upgrade-unfinished \
    kubeconfigs certificates new-certificates kubelet-certificate; do
    rm -rf "/var/lib/k8s-ha/$kept"
done
rm -f /run/k8s-ha/kubelet-client.* /etc/kubernetes/*.k8s-ha-* /etc/kubernetes/manifests/*.k8s-ha-*
remove_pod_network
# It tells where the routes are, as long as any is left.
[ -n "$failed" ] || rm -rf /run/flannel
own=/root/.kube/config
if [ -e $own ] && [ "$(sed -n 's/^ *server: *//p' $own | sort -u)" = "https://$ENDPOINT" ]; then rm -f $own; fi
systemctl stop kubelet
[ -z "$failed" ] && exit 0
echo "$HOST: packet filter rules or routes of the cluster's are left, since$failed failed; reboot it, which clears them, then run this again." >&2
exit 1
