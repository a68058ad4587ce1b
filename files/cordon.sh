# NODE, KUBECTL: the node's name in the cluster; kubectl with what finds the API server.
#
# Defines cordon and uncordon, which tell by an annotation whose a cordon is: only this package's own is ever lifted. And
# take_back, which lifts it and notes that, until settle forgets it: what was evicted may not be available again.
# Each is one patch of what was just read: where somebody has changed the node since, it is refused, and read again.
# shellcheck disable=SC2086 # each of KUBECTL is a word
ask() { timeout 60 $KUBECTL "$@" </dev/null; }
read_node() {
    found=$(ask get node "$NODE" --ignore-not-found -o jsonpath='{.metadata.resourceVersion}|{.spec.unschedulable}|{.metadata.annotations.k8s-ha/cordoned}') || return 1
    resource_version=${found%%|*}
    found=${found#*|}
    unschedulable=${found%%|*}
    cordoned=${found#*|}
}
is_cordoned() { [ "$unschedulable" = true ]; }
is_returned() { [ "$cordoned" != "${cordoned#returned-}" ]; }
is_ours() { [ -n "$cordoned" ] && ! is_returned; }
is_gone() { [ -z "$resource_version" ]; }
# $1: what the annotation says, as JSON. $2: whether pods are kept off, as JSON.
patch_node() {
    ask patch node "$NODE" --type merge -p "{\"metadata\":{\"resourceVersion\":\"$resource_version\",\"annotations\":{\"k8s-ha/cordoned\":$1}},\"spec\":{\"unschedulable\":$2}}"
}
# Each says 1 where the node could not be read or changed.
cordon() {
    for attempt in 1 2 3 4 5; do
        read_node || return 1
        if is_gone || is_cordoned; then return 0; fi
        moment=$(date -u +%Y-%m-%dT%H:%M:%SZ)
        patch_node "\"$moment\"" true && cordoned=$moment && unschedulable=true && return 0
        echo "attempt $attempt: the node was changed meanwhile, or the API server did not take the patch"
    done
    return 1
}
changed() { # TEST, NOTE: where the test holds of the node, the note takes the annotation's place, and a cordon of ours is lifted
    for attempt in 1 2 3 4 5; do
        read_node || return 1
        if is_gone || ! "$1"; then return 0; fi
        if is_cordoned && ! is_ours; then still=true; else still=null; fi
        patch_node "$2" $still && return 0
        echo "attempt $attempt: the node was changed meanwhile, or the API server did not take the patch"
    done
    return 1
}
uncordon() { changed is_ours null; }
take_back() { changed is_ours "\"returned-$(date -u +%Y-%m-%dT%H:%M:%SZ)\""; }
settle() { changed is_returned null; }
