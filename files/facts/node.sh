# ADDRESS, INIT_MARKER, STANDING: as for init-unfinished.sh, behind which this stands, with artifacts.sh and etcd.sh before it,
# and for standing.sh between them.
# Prints `key value` lines: what the host's own etcd and API server answer; with STANDING its clock, too.
[ -z "$STANDING" ] || echo "clock $(date +%s)"
if [ -e $e/healthcheck-client.crt ]; then
    echo "members $(members)"
    health=$(etcd 127.0.0.1:2379/health)
    # Where it is not well that fails, or is not served.
    [ -n "$health" ] || health=$(curl -sS --noproxy '*' --max-time 3 http://127.0.0.1:2381/health 2>/dev/null | tr -d '\n')
    echo "etcd $health"
    [ -z "$STANDING" ] || echo "etcd_version $(etcd 127.0.0.1:2379/version)"
fi
standing_files
[ ! -e /var/lib/k8s-ha/kubeadm-upgrade-unfinished ] || echo "upgrade unfinished"
[ -e "$INIT_MARKER" ] && echo "init begun"
is_init_unfinished
case $? in
    0) echo "init unfinished" ;;
    2) exit 0 ;; # nor may it lead
esac
serves || exit 0
echo "readyz ok"
nodes=$(ask get nodes -o jsonpath='{range .items[*]}node {.metadata.name} {.status.conditions[?(@.type=="Ready")].status} {.status.nodeInfo.kubeletVersion} {.metadata.labels} {.status.addresses[?(@.type=="InternalIP")].address} {.spec.taints} {.metadata.annotations}{"\n"}{end}') && echo "$nodes"
if secrets=$(ask -n kube-system get secrets -l app.kubernetes.io/managed-by=k8s-ha -o name); then
    echo "$secrets" | sed -n 's/./secret &/p'
else
    echo "secrets unread"
fi
standing_objects
exit 0
