# STAGE, COMPONENTS, LIMIT, PEERS: puts manifests back into use, and waits for what they run. Stands behind json-field.sh,
# static-pod.sh and restore-mark.sh.
#
# PEERS: addresses of all members of etcd, which must be well and at one revision; empty where none is asked.
! reached "$STAGE" || exit 0
systemctl -q is-active kubelet || systemctl restart kubelet || refuse "the kubelet does not start" "see \`journalctl -u kubelet\`"
for component in $COMPONENTS; do
    [ -e "$kept/manifests/$component.yaml" ] || refuse "$kept/manifests/$component.yaml is missing" "write it again"
    # Beside the folder first: the kubelet runs every file that it finds there.
    cmp -s "$kept/manifests/$component.yaml" "$manifests/$component.yaml" ||
        copied "$kept/manifests/$component.yaml" "$manifests/$component.yaml" "/etc/kubernetes/$component.yaml" ||
        refuse "$manifests/$component.yaml cannot be written" "see the error above"
done
for component in $COMPONENTS; do
    wait_until serves_twice "$component" || {
        last_words "$component" ""
        refuse "$component does not serve within $LIMIT seconds" "see \`$tool ps -a\` there"
    }
done
are_at_one() {
    at=
    for peer in $PEERS; do
        well "$peer:2379" || return 1
        revision=$(etcd "$peer:2379/v3/maintenance/status" -d '{}' | field revision)
        [ -n "$revision" ] && [ "${at:=$revision}" = "$revision" ] || return 1
    done
}
come_to_one() {
    wait_until are_at_one || refuse "the members of etcd are not well and at one revision" "see \`$tool ps -a\` on all of them"
}
come_to_one
# A snapshot of a full etcd has the alarm of a member that is no more, and none would take a write. Nobody asks for any now.
own=127.0.0.1:2379/v3/maintenance
full=
[ -z "$PEERS" ] || full=$(etcd $own/alarm -d '{"action": "GET"}' | grep -o '"memberID": *"[0-9]*", *"alarm": *"NOSPACE"')
if [ -n "$full" ]; then
    etcd $own/defragment -d '{}' --max-time "$LIMIT" >/dev/null
    for member in $(echo "$full" | sed 's/^[^0-9]*\([0-9]*\).*/\1/'); do
        etcd $own/alarm -d "{\"action\": \"DEACTIVATE\", \"memberID\": \"$member\", \"alarm\": \"NOSPACE\"}" >/dev/null
    done
    come_to_one
    echo "the backup's etcd was full; it was defragmented, and its alarm taken back"
fi
note "$STAGE"
