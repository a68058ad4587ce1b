# HOST, MARK: what the stages of a restore share. Stands behind copied.sh.
#
# MARK: "NAME MOMENT KIND" of this restore, KIND standing or lost. The file with it has the stage as a fourth word.
kept=/var/lib/k8s-ha/restore
stages="begun tried silent stopped replaced member serving managed"
# STAGE: whether this restore has come so far here. The mark of another one is none of it.
reached() {
    read -r name moment kind stage 2>/dev/null <$kept/mark && [ "$name $moment $kind" = "$MARK" ] || return 1
    wanted=
    for each in $stages; do
        [ "$each" != "$1" ] || wanted=yes
        [ "$each" != "$stage" ] || break
    done
    [ -n "$wanted" ]
}
# STAGE: what it has done is on the disk before it is noted.
note() {
    timeout 60 sync || true
    umask 077
    mkdir -p -m 755 /var/lib/k8s-ha && mkdir -p -m 700 $kept && chmod 700 $kept && echo "$MARK $1" >$kept/mark.new &&
        dd if=/dev/null of=$kept/mark.new conv=notrunc,fsync status=none && mv -f $kept/mark.new $kept/mark || {
        echo "$HOST: $kept/mark could not be written; see the error above, then run this again." >&2
        exit 1
    }
    timeout 60 sync || true
}
# Sets manifest, in use or out of it, and data, what that says of etcd's.
find_data() {
    manifest=/etc/kubernetes/manifests/etcd.yaml
    [ ! -e $kept/manifests/etcd.yaml ] || manifest=$kept/manifests/etcd.yaml
    data=$(sed -n 's/^ *- --data-dir=//p' $manifest)
    data=${data:-/var/lib/etcd}
    work=$data/.k8s-ha-restore
}
