# NODE, HOST, SECONDS_ALLOWED: the node's name in the cluster and its host's, and a bound. Stands behind cordon.sh.
#
# Defines pods_of_node and workloads, whose lines have columns that are divided by slashes, which no name holds; and note,
# the file that says what was ready before the drain. await_none waits until what its first argument prints is nothing.
note=/var/lib/k8s-ha/drained-$NODE
# Pod/NAMESPACE/NAME/PHASE/MIRROR/OWNER'S KIND/OWNER/READY/DELETED/VOLUMES
pods_of_node() {
    ask get pods -A --field-selector "spec.nodeName=$NODE" -o jsonpath='{range .items[*]}Pod/{.metadata.namespace}/{.metadata.name}/{.status.phase}/{.metadata.annotations.kubernetes\.io/config\.mirror}/{.metadata.ownerReferences[?(@.controller==true)].kind}/{.metadata.ownerReferences[?(@.controller==true)].name}/{.status.conditions[?(@.type=="Ready")].status}/{.metadata.deletionTimestamp}/{.spec.volumes[?(@.emptyDir)].name}{"\n"}{end}'
}
# KIND/NAMESPACE/NAME/WANTED/READY/OWNER'S KIND/OWNER
workloads() {
    ask get deployments,statefulsets,replicasets -A -o jsonpath='{range .items[*]}{.kind}/{.metadata.namespace}/{.metadata.name}/{.spec.replicas}/{.status.readyReplicas}/{.metadata.ownerReferences[?(@.controller==true)].kind}/{.metadata.ownerReferences[?(@.controller==true)].name}{"\n"}{end}'
}
# A sentence's list of the names that are its lines: some, and how many more.
listed() { awk 'NR > 1 && NR < 9 { printf ", " } NR < 9 { printf "%s", $0 } END { if (NR > 8) printf " and %d more", NR - 8 }'; }
await_none() {
    deadline=$(($(date +%s) + SECONDS_ALLOWED))
    while reason=$("$1"); [ -n "$reason" ]; do
        if [ "$(date +%s)" -ge $deadline ]; then
            echo "$HOST: $reason after $SECONDS_ALLOWED seconds; look at \`$2\`, then run this again." >&2
            exit 1
        fi
        sleep 1
    done
}
