# HOST, ADDRESS, LOST: addresses of the etcd member on this host, and of the one that was added and never started.
# Stands behind etcd.sh.
#
# Makes etcd a cluster of its one member again. What it holds stays; the other member is forgotten. etcd is asked once more
# whether it is so before anything is changed, and its manifest is put back as it was, whatever happens.
manifest=/etc/kubernetes/manifests/etcd.yaml
kept=/var/lib/k8s-ha/etcd.yaml.before-recovery
healthy() { well 127.0.0.1:2379; }
wait_until() {
    deadline=$(($(date +%s) + 180))
    until "$@"; do
        [ "$(date +%s)" -lt $deadline ] || return 1
        sleep 1
    done
}
refuse() {
    echo "$HOST: etcd was not made a cluster of one: $1; look at etcd on both hosts before anything else."
    exit 1
}
count() { members | grep -o '"peerURLs"' | wc -l; }
alone() { healthy && [ "$(count)" -eq 1 ]; }
# Beside the folder and moved into it: the kubelet runs every file that it finds there.
install_manifest() { cp -p "$1" /etc/kubernetes/etcd.yaml.k8s-ha-new && mv -f /etc/kubernetes/etcd.yaml.k8s-ha-new $manifest; }

mkdir -p -m 755 /var/lib/k8s-ha
if [ ! -e $kept ]; then
    healthy && refuse "it has a quorum"
    found=$(members | tr -d ' ')
    [ "$(count)" -eq 2 ] || refuse "it does not tell exactly two members (${found:-nothing})"
    [ "$(echo "$found" | grep -o '"name":"[^"]' | wc -l)" -eq 1 ] || refuse "the other member has started once"
    for address in "$ADDRESS" "$LOST"; do
        case $found in *"//$address:"*) ;; *) refuse "$address is none of its members" ;; esac
    done
    cp -p $manifest $kept.new && mv -f $kept.new $kept || exit 1
fi
# A run of this that was cut off goes on here: with the flag left in, every start of etcd would forget its members.
came=0
if ! alone; then
    sed 's/^\( *\)- etcd$/\1- etcd\n\1- --force-new-cluster/' $kept >$kept.flagged && install_manifest $kept.flagged || exit 1
    wait_until alone
    came=$?
fi
install_manifest $kept && rm -f $kept.flagged || exit 1
[ $came = 0 ] || refuse "it did not come up alone within 180 seconds"
# An etcd whose words cannot be read may be the one with the flag.
restored() {
    words=$(tr '\0' ' ' 2>/dev/null <"/proc/$(pidof -s etcd)/cmdline") || return 1
    case $words in *force-new-cluster*) return 1 ;; esac
    alone
}
wait_until restored || refuse "it did not come up again without the flag within 180 seconds"
rm -f $kept
