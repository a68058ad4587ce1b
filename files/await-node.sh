# NODE, HOST, KUBECTL, SECONDS_ALLOWED, VERSION, RUNTIME, WORKLOADS: waits for a node, Ready with the pods of its DaemonSets.
# Stands behind cordon.sh and node-workloads.sh.
#
# HOST: the node's name in the inventory. VERSION, RUNTIME: what its kubelet must report, such as v1.34.11 and containerd;
# empty for any. WORKLOADS: "yes" where it also waits for the workloads whose pods were evicted: once the node takes pods
# again, or goes for good.
lacking() {
    held=$(ask get node "$NODE" --ignore-not-found -o jsonpath='{.status.conditions[?(@.type=="Ready")].status} {.status.nodeInfo.kubeletVersion} {.status.nodeInfo.containerRuntimeVersion}') || {
        echo "the API server does not tell of its node"
        return
    }
    reported=${held#* }
    version=${reported%% *} runtime=${reported#* }
    if [ "${held%% *}" != True ]; then
        echo "its node is not Ready"
    elif [ -n "$VERSION" ] && [ "$version" != "$VERSION" ]; then
        echo "its kubelet reports $version, not $VERSION"
    elif [ -n "$RUNTIME" ] && [ "${runtime%%:*}" != "$RUNTIME" ]; then
        echo "its kubelet reports the runtime $runtime, not $RUNTIME"
    else
        lacking_pods
    fi
}
# One of a DaemonSet that was not Ready before the drain is not waited for: it has a fault of its own.
lacking_pods() {
    pods=$(pods_of_node) || {
        echo "the API server does not tell of its pods"
        return
    }
    names=$({ noted; printf '%s\n' "$pods"; } | awk -F/ '
        NF == 4 { if ($1 == "DaemonSet" && $4 == 0) faulty[$2 "/" $3] = 1; next }
        $6 == "DaemonSet" && $8 != "True" && $9 == "" && !(($2 "/" $7) in faulty) { print $2 "/" $3 }' | listed)
    if [ -n "$names" ]; then
        echo "not Ready on it: $names"
    elif [ -n "$WORKLOADS" ]; then
        lacking_workloads
    fi
}
noted() { [ ! -e "$note" ] || cat "$note"; }
# Without a note, as where a run was cut off or another control plane led it, nothing tells whose pods were evicted. Then it
# is all that want more than they have: one too many costs a wait and a sentence, one too few an outage at the next drain.
lacking_workloads() {
    held=$(workloads) || {
        echo "the API server does not tell of its workloads"
        return
    }
    if [ -e "$note" ]; then has_note=1; else has_note=0; fi
    names=$({ noted; printf '%s\n' "$held"; } | awk -F/ -v has_note=$has_note '
        NF == 4 { before[$1 "/" $2 "/" $3] = $4; next }
        NF < 7 || $6 == "Deployment" { next } # a set counts by its Deployment
        {
            wanted = $4 + 0
            if (has_note && before[$1 "/" $2 "/" $3] + 0 < wanted) wanted = before[$1 "/" $2 "/" $3] + 0
            if ($5 + 0 < wanted) print $2 "/" $3 " (" $5 + 0 " of " wanted " Ready)"
        }' | listed)
    [ -z "$names" ] || echo "not available again: $names"
}
await_none lacking 'kubectl get pods -A -o wide'
[ -n "$WORKLOADS" ] || exit 0
rm -f "$note"
settle && exit 0
echo "$HOST: its node $NODE could not be told to be whole again; see the lines above, then run this again." >&2
exit 1
