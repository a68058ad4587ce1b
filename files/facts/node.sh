# ADDRESS: the host's own node address. Stands behind traces.sh.
# Prints `key value` lines: what the host's own API server answers.
[ -e $k/admin.conf ] && command -v kubectl >/dev/null || exit 0
ask() { timeout 15 kubectl --kubeconfig $k/admin.conf --server "https://$ADDRESS:6443" --request-timeout=10s "$@" 2>/dev/null; }
[ "$(ask get --raw /readyz)" = ok ] || exit 0
echo "readyz ok"
ask get nodes -o jsonpath='{range .items[*]}node {.metadata.name} {.status.conditions[?(@.type=="Ready")].status} {.status.nodeInfo.kubeletVersion} {.metadata.labels}{"\n"}{end}'
ask -n kube-system get secrets -l app.kubernetes.io/managed-by=k8s-ha -o name | sed 's/^/secret /'
exit 0
