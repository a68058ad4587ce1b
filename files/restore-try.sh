# HOST, RUNTIME, ETCD, NODE, PEER, MEMBERS, TOKEN, SHA256, REVISION: restores the snapshot beside what etcd holds, which serves on.
# Stands behind json-field.sh, copied.sh and restore-mark.sh.
#
# ETCD: the snapshot's minor, as 3.6. NODE, PEER: of this member its name and URL. MEMBERS: those of all, as NAME=URL,…
# TOKEN: the new cluster's. SHA256, REVISION: of the snapshot.
! reached tried || exit 0
umask 077
refuse() {
    rm -rf "$work"
    echo "$HOST: its etcd was not restored, and serves as before: $1; $2, then run this again." >&2
    exit 1
}
find_data
snapshot=$kept/snapshot.db
image=$(sed -n 's/^ *image: *//p' $manifest | tr -d \" | head -n 1)
[ -n "$image" ] || refuse "$manifest names no image" "write it again"
found=$(sha256sum 2>/dev/null <$snapshot)
[ "${found%% *}" = "$SHA256" ] || refuse "$snapshot did not arrive whole" "check that disk"
mkdir -p -m 700 "$data" && rm -rf "$work" && mkdir -m 700 "$work" || refuse "$work cannot be made" "see the error above"
# One that a cut has left may still write there.
forget() {
    if [ "$RUNTIME" = docker ]; then
        docker rm -f k8s-ha-restore
    else
        ctr -n k8s.io task rm -f k8s-ha-restore
        ctr -n k8s.io container rm k8s-ha-restore
        ctr -n k8s.io snapshot rm k8s-ha-restore
    fi >/dev/null 2>&1
}
# COMMAND: of etcd's own image, which has no shell. Its words go to a file, those of its errors to another.
in_image() {
    forget
    if [ "$RUNTIME" = docker ]; then
        command=$1
        shift
        docker run --rm --name k8s-ha-restore --network none --security-opt label=disable -e ETCDCTL_API=3 \
            -v "$kept:$kept:ro" -v "$data:$data" --entrypoint "$command" "$image" "$@"
    else
        ctr -n k8s.io run --rm --env ETCDCTL_API=3 --mount "type=bind,src=$kept,dst=$kept,options=rbind:ro" \
            --mount "type=bind,src=$data,dst=$data,options=rbind:rw" "$image" k8s-ha-restore "$@"
    fi </dev/null >"$work/said" 2>"$work/words"
}
failed() { # COMMAND
    tail -n 3 "$work/words" | cut -c 1-400 >&2
    refuse "\`$1\` of $image failed" "see the lines above"
}
version_of() { in_image "$1" version && version=$(sed -n "s/^$1 version: *v\{0,1\}//p" "$work/said") && [ -n "$version" ]; }
if [ "$RUNTIME" != docker ] && [ -z "$(ctr -n k8s.io images ls -q "name==$image")" ]; then
    crictl pull "$image" >/dev/null || refuse "its runtime has no image $image" "see the error above"
fi
tool=etcdutl
version_of etcdutl || { tool=etcdctl && version_of etcdctl; } || failed "etcdctl version"
case $version in
    "$ETCD".*) ;;
    *) refuse "its etcd is $version, and the snapshot is of $ETCD" "restore a backup of that minor" ;;
esac
# Of these it counts the revisions on, and has all who watch read anew.
bump="--bump-revision=1000000000 --mark-compacted"
patch=${version#*.*.}
patch=${patch%%[!0-9]*}
case $version in
    3.[0-3].*) bump= ;;
    3.4.*) [ "${patch:-0}" -ge 27 ] || bump= ;;
    3.5.*) [ "${patch:-0}" -ge 10 ] || bump= ;;
esac
# shellcheck disable=SC2086 # two words or none
in_image $tool snapshot restore $snapshot --data-dir="$work/restored" --name="$NODE" --initial-cluster="$MEMBERS" \
    --initial-advertise-peer-urls="$PEER" --initial-cluster-token="$TOKEN" $bump || failed "$tool snapshot restore"
in_image $tool snapshot status "$work/restored/member/snap/db" --write-out=json || failed "$tool snapshot status"
forget
found=$(field revision <"$work/said")
case $found in '' | *[!0-9]*) found=0 ;; esac
[ "$found" -ge "$REVISION" ] || refuse "the restore came to revision $found, the snapshot has $REVISION" "check that disk"
chmod 700 "$work/restored" "$work/restored/member"
rm -f $snapshot "$work/said" "$work/words"
note tried
echo "restored beside $data by $tool $version to revision $found${bump:+, counted on}"
