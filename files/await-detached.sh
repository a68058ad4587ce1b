# NODE, HOST, KUBECTL, SECONDS_ALLOWED: waits until no volume is attached to a node. Stands behind cordon.sh and node-workloads.sh.
#
# HOST: the node's name in the inventory. A node that goes with a volume attached keeps it from its pods elsewhere for minutes.
attached() {
    held=$(ask get volumeattachments -o jsonpath='{range .items[*]}{.spec.nodeName} {.spec.source.persistentVolumeName} {.metadata.name}{"\n"}{end}') || {
        echo "the API server does not tell which volumes are attached to it"
        return
    }
    names=$(printf '%s\n' "$held" | awk -F '[ ]' -v node="$NODE" '$1 == node { print $2 == "" ? $3 : $2 }' | listed)
    [ -z "$names" ] || echo "attached to it: $names"
}
await_none attached 'kubectl get volumeattachments'
