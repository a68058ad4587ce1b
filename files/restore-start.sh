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
        case $(etcd "$peer:2379/health") in *true*) ;; *) return 1 ;; esac
        revision=$(etcd "$peer:2379/v3/maintenance/status" -d '{}' | field revision)
        [ -n "$revision" ] && [ "${at:=$revision}" = "$revision" ] || return 1
    done
}
wait_until are_at_one || refuse "the members of etcd are not well and at one revision" "see \`$tool ps -a\` on all of them"
note "$STAGE"
