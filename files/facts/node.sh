# ADDRESS, INIT_MARKER: as for init-unfinished.sh, behind which this stands, and traces.sh before it.
# Prints `key value` lines: what the host's own etcd and API server answer.
e=$k/pki/etcd
if [ -e $e/healthcheck-client.crt ]; then
    etcd() { curl -fsS --noproxy '*' --max-time 3 --cacert $e/ca.crt --cert $e/healthcheck-client.crt --key $e/healthcheck-client.key "https://127.0.0.1:2379$@" 2>/dev/null | tr -d '\n'; }
    # From 3.5 on a list is asked of the majority unless it says otherwise, which 3.4 does not understand.
    members=$(etcd /v3/cluster/member/list -d '{"linearizable": false}')
    [ -n "$members" ] || members=$(etcd /v3/cluster/member/list -d '{}')
    echo "members $members"
    health=$(etcd /health)
    # An etcd that was started anew serves its clients only when it finds a majority; before, it tells its health here.
    [ -n "$health" ] || health=$(curl -sS --noproxy '*' --max-time 3 http://127.0.0.1:2381/health 2>/dev/null | tr -d '\n')
    echo "etcd $health"
fi
[ -e "$INIT_MARKER" ] && echo "init begun"
is_init_unfinished
case $? in
    0) echo "init unfinished" ;;
    2) exit 0 ;; # nor may it lead
esac
serves || exit 0
echo "readyz ok"
ask get nodes -o jsonpath='{range .items[*]}node {.metadata.name} {.status.conditions[?(@.type=="Ready")].status} {.status.nodeInfo.kubeletVersion} {.metadata.labels}{"\n"}{end}'
ask -n kube-system get secrets -l app.kubernetes.io/managed-by=k8s-ha -o name | sed 's/^/secret /'
exit 0
