# Prints `key value` lines about the cluster, asked at its endpoint, which admin.conf names.
ask() { timeout 20 kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout=15s "$@" 2>/dev/null; }
[ "$(ask get --raw /readyz)" = ok ] && echo "readyz ok"
ask get nodes -o jsonpath='{range .items[*]}node {.metadata.name} {.status.conditions[?(@.type=="Ready")].status} {.status.nodeInfo.kubeletVersion}{"\n"}{end}'
ask get pods -A -o jsonpath='{range .items[*]}pod {.metadata.namespace} {.metadata.name} {.spec.nodeName} {.status.phase} {.status.containerStatuses[*].ready}{"\n"}{end}'
exit 0
