# HOST, KUBECTL, CONFIG, ADDONS, SECONDS_ALLOWED: has kubeadm apply its add-ons again, and waits until they run. Stands behind
# kube-proxy-pods.sh.
#
# CONFIG: kubeadm's file, removed afterwards. ADDONS: coredns, kube-proxy, or both.
trap 'rm -f "$CONFIG"' EXIT
fail() {
    ask get pods -l "k8s-app in (kube-dns,kube-proxy)" -o wide
    echo "$HOST: $1 after $SECONDS_ALLOWED seconds; see the lines above, then run this again." >&2
    exit 1
}
for addon in $ADDONS; do
    kubeadm init phase addon "$addon" --config "$CONFIG" || {
        echo "$HOST: kubeadm did not apply $addon; see the lines above, then run this again." >&2
        exit 1
    }
done
deadline=$(($(date +%s) + SECONDS_ALLOWED))
until ask rollout status deployment/coredns --timeout=20s; do
    [ "$(date +%s)" -lt $deadline ] || fail "coredns does not run as wanted"
    sleep 1
done
case $ADDONS in *kube-proxy*) kube_proxy_rolled || fail "kube-proxy${pod:+ ($pod)} came up on no other node" ;; esac
