# ADDRESS: the host's own node address.
#
# Defines etcd, which asks the host's own etcd, members, which tells whom that counts, and well.
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
# ADDRESS:PORT: whether that member is well. One whose quota is used up is: it leads, and tells all that it holds.
well() {
    case $(etcd "$1/health?exclude=NOSPACE") in *true*) return 0 ;; esac
    # An early 3.4 knows no exclusion; a read that asks a majority tells as much, where no other alarm is there.
    case $(etcd "$1/v3/maintenance/alarm" -d '{"action": "GET"}') in *CORRUPT*) return 1 ;; *NOSPACE*) ;; *) return 1 ;; esac
    etcd "$1/v3/kv/range" -d '{"key": "aGVhbHRo"}' | grep -q '"header"'
}
