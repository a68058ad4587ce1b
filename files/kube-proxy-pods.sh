# KUBECTL, AT_ONCE, SECONDS_ALLOWED, SECONDS_UP: defines kube_proxy_rolled, which has all pods of kube-proxy be of its newest
# revision.
#
# AT_ONCE: how many nodes may be without one. SECONDS_ALLOWED: how long none may come up before it is given up; then pod is
# one that ends again and again, or whose image cannot be pulled, which ends the wait at once, or nothing. SECONDS_UP: how
# long all of them must be up.
#
# The DaemonSet's own controller stops at a node that is not Ready, and no other gets a new pod then. This leaves that node to
# it: its new pod comes when it is back.
# shellcheck disable=SC2086 # each of KUBECTL, and of the pods that are deleted, is a word
ask() { timeout 60 $KUBECTL -n kube-system "$@" </dev/null; }
# The controller has seen the DaemonSet as it is now, so that its newest revision is there.
newest_revision() {
    seen=$(ask get daemonset kube-proxy -o jsonpath='{.metadata.generation}/{.status.observedGeneration}') || return 1
    [ "${seen%/*}" = "${seen#*/}" ] || return 1
    revisions=$(ask get controllerrevisions -l k8s-app=kube-proxy -o jsonpath='{range .items[*]}{.revision} {.metadata.labels.controller-revision-hash}{"\n"}{end}') || return 1
    revision=$(echo "$revisions" | sort -n | sed -n '$s/.* //p')
    [ -n "$revision" ]
}
# Node/NAME/READY, then Pod/NAME/NODE/REVISION/READY/DELETED/WAITING/RESTARTS; the node is the one that the pod is for, also
# before it is placed there.
nodes_and_pods() {
    ask get nodes -o jsonpath='{range .items[*]}Node/{.metadata.name}/{.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}' &&
        ask get pods -l k8s-app=kube-proxy -o jsonpath='{range .items[*]}Pod/{.metadata.name}/{.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0].values[0]}/{.metadata.labels.controller-revision-hash}/{.status.conditions[?(@.type=="Ready")].status}/{.metadata.deletionTimestamp}/{.status.containerStatuses[*].state.waiting.reason}/{.status.containerStatuses[*].restartCount}{"\n"}{end}'
}
# Lines "up COUNT", "left COUNT", "away NODES", "fails POD", and "next POD" for each that may go now. Of $held alone: the nodes
# that had a pod.
judged() {
    awk -F/ -v revision="$revision" -v at_once="$AT_ONCE" -v held=" $held " '
        $1 == "Node" && index(held, " " $2 " ") { if ($3 == "True") ready[$2] = 1; else away = away " " $2 }
        $1 != "Pod" || !($3 in ready) || $6 != "" { next }
        $4 != revision { old[$3] = $2; if ($5 != "True") faulty[$3] = 1; next }
        $5 == "True" { up[$3] = 1; next }
        $7 ~ /BackOff|ErrImage|CreateContainer/ { fails = $2 }
        END {
            for (node in ready) if (!(node in up)) { left++; if (!(node in old)) room-- } else done++
            room += at_once
            for (node in old) if (node in faulty || room-- > 0) print "next " old[node]
            print "up " done + 0; print "left " left + 0; print "away" away; print "fails " fails
        }'
}
told() { echo "$found" | sed -n "s/^$1 //p"; }
kube_proxy_rolled() {
    held='' most=0 quiet=''
    deadline=$(($(date +%s) + SECONDS_ALLOWED))
    while :; do
        if newest_revision && listed=$(nodes_and_pods); then
            [ -n "$held" ] || held=$(echo "$listed" | awk -F/ '$1 == "Pod" { print $3 }' | tr '\n' ' ')
            found=$(echo "$listed" | judged)
            pod=$(told fails)
            [ -z "$pod" ] || return 1
            # It has no probe, and is Ready for a moment also where it ends at once.
            if [ "$(told left)" != 0 ] || [ "$listed" != "$quiet" ]; then
                quiet=$listed since=$(date +%s)
            elif [ $(($(date +%s) - since)) -ge "$SECONDS_UP" ]; then
                [ -z "$(told away)" ] || echo "on $(told away), which is not Ready, it comes when that is back"
                return 0
            fi
            if [ "$(told up)" -gt $most ]; then
                most=$(told up) deadline=$(($(date +%s) + SECONDS_ALLOWED))
            fi
            next=$(told next)
            [ -z "$next" ] || ask delete pod --wait=false $next
        fi
        [ "$(date +%s)" -lt $deadline ] || return 1
        sleep 1
    done
}
