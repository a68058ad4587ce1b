# APIS, SERVERS, NAME_SERVERS, QUERY, KUBELET, PROXY, ETCD, BALANCER, VIRTUAL, BALANCER_ADDRESS: what to look at, and nothing where it is empty.
#
# APIS: HOST:PORT of what should answer as an API server, each asked as often as it stands there. SERVERS: likewise,
# asked which certificate they serve with, which tells control planes apart. NAME_SERVERS: likewise, asked QUERY, which
# printf makes a packet of. KUBELET, PROXY: ports of their health on this host. ETCD: "yes" asks it.
# BALANCER: nginx's files with the backends, of which it reads one. VIRTUAL: an address that keepalived may have here.
# BALANCER_ADDRESS: this host's own beside it. Stands behind require-root.sh, artifacts.sh, kubeconfig-clusters.sh,
# certificates.sh and, with VIRTUAL, virtual-address.sh.
#
# Everything is asked at once. Each answer is one line, printed in one piece, so that answers never mix.
fetch() { curl -fsS --noproxy '*' --connect-timeout 3 --max-time 6 "$@" 2>&1 | tr -s '\n\r' ' '; }
api() {
    answer=$(fetch --cacert $k/pki/ca.crt "https://$1/readyz")
    case $answer in
        # Where anonymous requests are refused, the kubelet's own identity will do.
        *"error: 401"* | *"error: 403"*) answer=$(timeout 9 kubectl --kubeconfig $k/kubelet.conf --server "https://$1" --request-timeout=6s get --raw /readyz 2>&1 | tr -s '\n' ' ') ;;
    esac
    echo "api $1 $answer"
}
# Of all that curl tells of a certificate, everywhere, the second in which it ends.
server() { echo "server $1 $(curl -vsS -o /dev/null --noproxy '*' --connect-timeout 3 --max-time 6 --cacert $k/pki/ca.crt "https://$1/readyz" 2>&1 | sed -n 's/^\*[[:blank:]]*expire date: *//p' | head -n 1 | tr -d '\r')"; }
# bash's printf would send a line feed's byte off at once, and what follows as a datagram of its own.
ask='exec 3<>"/dev/udp/$0/53" && env printf "$1" >&3 && dd bs=512 count=1 <&3 2>/dev/null'
dns() { echo "dns $1 $(timeout 3 bash -c "$ask" "$1" "$QUERY" 2>/dev/null | od -An -v -tx1 | tr -d ' \n')"; }
health() { echo "$1 $(fetch "http://127.0.0.1:$2/healthz")"; }
etcd() {
    key=$1 path=$2
    shift 2
    e=$k/pki/etcd
    echo "$key $(fetch --cacert $e/ca.crt --cert $e/healthcheck-client.crt --key $e/healthcheck-client.key "https://127.0.0.1:2379$path" "$@")"
}

# Who has the address, by their interfaces: each that answers within a second. Also the one that has it hears of another.
holders() {
    place=$(virtual_place | cut -d ' ' -f 2)
    [ -n "$place" ] || return
    ip -o link show dev "$place" | sed -n 's/.* link\/[a-z]* \([^ ]*\).*/virtual_own \1/p'
    timeout 3 arping -b -c 1 -I "$place" -s "$BALANCER_ADDRESS" "$VIRTUAL" 2>/dev/null | sed -n 's/.*reply from [^[]*\[\([^]]*\)\].*/virtual_holder \1/p'
}

for address in $APIS; do api "$address" & done
for address in $SERVERS; do server "$address" & done
for address in $NAME_SERVERS; do dns "$address" & done
[ -n "$KUBELET" ] && health kubelet "$KUBELET" &
[ -n "$PROXY" ] && health proxy "$PROXY" &
if [ -n "$ETCD" ]; then
    etcd etcd_health /health &
    etcd etcd_members /v3/cluster/member/list -d '{}' &
    etcd etcd_status /v3/maintenance/status -d '{}' &
    sed -n 's/^ *- --quota-backend-bytes=/etcd_quota /p' $k/manifests/etcd.yaml 2>/dev/null
fi
if [ -n "$BALANCER" ]; then
    systemctl -q is-active nginx.service && echo "nginx active"
    # Only what nginx really reads: the file may be there and not be included.
    backends=$(for file in $BALANCER; do echo "\|^# configuration file $file:|,/^# configuration file /s/^ *server  *\([^ ;]*:[0-9][^;]*\);.*/\1/p"; done)
    nginx -T 2>/dev/null | sed -n "$backends" | {
        while read -r backend options; do
            echo "backend $backend $options"
            echo "backend_api $backend $(fetch -k "https://$backend/readyz")" &
        done
        wait
    }
fi
if [ -n "$VIRTUAL" ]; then
    systemctl -q is-active keepalived.service && echo "keepalived active"
    virtual_is_here && echo "virtual here"
    holders
fi
wait

named_clusters
certificates
exit 0
