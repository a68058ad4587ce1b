# ADDRESS: the host's own node address.
#
# Defines etcd, which asks the host's own etcd, and members, which tells whom that counts.
e=/etc/kubernetes/pki/etcd
http=--http1.1
[ ! -e $e ] || curl $http --version >/dev/null 2>&1 || http= # EL7's speaks nothing else
etcd() { curl -fsS $http --noproxy '*' --max-time 3 --cacert $e/ca.crt --cert $e/healthcheck-client.crt --key $e/healthcheck-client.key "https://$@" 2>/dev/null | tr -d '\n'; }
members() {
    # From 3.5 on a list is asked of the majority unless it says otherwise, which 3.4 does not understand.
    told=$(etcd 127.0.0.1:2379/v3/cluster/member/list -d '{"linearizable": false}')
    [ -n "$told" ] || told=$(etcd 127.0.0.1:2379/v3/cluster/member/list -d '{}')
    # One that was started anew serves clients only when it has found a majority; its peers it answers, by HTTP/1.1.
    [ -n "$told" ] || told=$(etcd "$ADDRESS:2380/members")
    echo "$told"
}
