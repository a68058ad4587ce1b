# HOST, CRI_SOCKET, ENDPOINT, ETCD_DATA, FLAGS: takes a host that is in no cluster back to before its init or join.
#
# ETCD_DATA: etcd's folder of data on a control plane; empty on a worker. FLAGS: of kubeadm reset.
#
# kubeadm says itself that it leaves CNI's files, packet filter rules and root's kubeconfig behind; the next join would
# meet them. Rules and interfaces go by the names that kube-proxy, flannel and the CNI plugins give theirs.
# shellcheck disable=SC2086 # each of FLAGS is a word
kubeadm reset --force $FLAGS --cri-socket "$CRI_SOCKET" || exit
# kubeadm looks for etcd's data by its manifest, which a power cut may have emptied.
[ -z "$ETCD_DATA" ] || rm -rf "$ETCD_DATA"
rm -f /etc/cni/net.d/10-flannel.conflist
rm -rf /var/lib/cni /run/flannel
# What changes that were cut off have kept of this cluster, with its keys, or have half written.
for kept in static-pods apiserver-certificate new-certificate kubelet-config kubeadm-upgrade-unfinished \
    kubeconfigs certificates new-certificates kubelet-certificate; do
    rm -rf "/var/lib/k8s-ha/$kept"
done
rm -f /run/k8s-ha/kubelet-client.* /etc/kubernetes/*.k8s-ha-* /etc/kubernetes/manifests/*.k8s-ha-*
for interface in cni0 flannel.1; do
    ip link delete "$interface" 2>/dev/null
done
failed=
for family in iptables ip6tables; do
    command -v $family-save >/dev/null || continue
    # A rule is a line that begins with -A, a chain one with a colon; all others, and their counters, stay.
    rules=$($family-save -c) || {
        failed="$failed $family-save"
        continue
    }
    # Where no line is left there is nothing to give back, and grep says 1.
    printf '%s\n' "$rules" | grep -v -E '^(:|(\[[0-9:]*\] )?-A )?(KUBE-|CNI-|FLANNEL-)|-j (KUBE-|CNI-|FLANNEL-)' | $family-restore -c ||
        failed="$failed $family-restore"
done
if command -v nft >/dev/null; then
    for family in ip ip6; do nft delete table $family kube-proxy 2>/dev/null; done
fi
command -v ipvsadm >/dev/null && ipvsadm --clear
own=/root/.kube/config
if [ -e $own ] && [ "$(sed -n 's/^ *server: *//p' $own | sort -u)" = "https://$ENDPOINT" ]; then rm -f $own; fi
systemctl stop kubelet
[ -z "$failed" ] && exit 0
echo "$HOST: packet filter rules of the cluster's are left, since$failed failed; reboot it, which clears them, then run this again." >&2
exit 1
