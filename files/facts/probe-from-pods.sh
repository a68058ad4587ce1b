# ADDRESS: the host's own node address. NAMESPACE: the probe's. ASKED: lines "POD HOST:PORT…", whom each asks who is there.
#
# Each kubectl is a process of 50 MB: of many pods so many are asked at once.
PODS_AT_ONCE=15
ASK='
    for url in "$@"; do
        echo "reached $0 $url $(busybox timeout 4 busybox wget -q -O - "http://$url/hostname" 2>/dev/null)" &
    done
    wait'
export ADDRESS NAMESPACE ASK
echo "$ASKED" | xargs -r -L 1 -P $PODS_AT_ONCE sh -c '
    timeout 40 kubectl --kubeconfig /etc/kubernetes/admin.conf --server "https://$ADDRESS:6443" -n "$NAMESPACE" \
        exec "$0" -- busybox sh -c "$ASK" "$0" "$@" 2>/dev/null'
exit 0
