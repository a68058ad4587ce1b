# ADDRESS: the host's own node address. NAMESPACE, PODS: the probe's. URLS: HOST:PORT that each of them asks who is there.
for pod in $PODS; do
    timeout 40 kubectl --kubeconfig /etc/kubernetes/admin.conf --server "https://$ADDRESS:6443" -n "$NAMESPACE" exec "$pod" -- busybox sh -c '
        for url in "$@"; do
            echo "reached $0 $url $(busybox timeout 4 busybox wget -q -O - "http://$url/hostname" 2>/dev/null)" &
        done
        wait' "$pod" $URLS 2>/dev/null &
done
wait
exit 0
