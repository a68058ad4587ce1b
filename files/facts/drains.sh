# ADDRESS: the host's own node address. Prints `key value` lines: what the drains of nodes would meet, as the host's own API
# server tells it. What it does not tell whole fails this: a pod or a budget that was not read is not one that is not there.
held=$(timeout 40 kubectl --kubeconfig /etc/kubernetes/admin.conf --server "https://$ADDRESS:6443" --request-timeout=30s \
    get poddisruptionbudgets,nodes,pods,deployments,statefulsets,replicasets -A -o jsonpath='{range .items[?(@.kind=="PodDisruptionBudget")]}budget {.metadata.namespace} {.metadata.name} {.status.disruptionsAllowed} {.apiVersion} {.spec.unhealthyPodEvictionPolicy} {.spec.selector}{"\n"}{end}{range .items[?(@.kind=="Node")]}node {.metadata.name} {.status.conditions[?(@.type=="Ready")].status} {.spec.unschedulable} {.metadata.annotations.k8s-ha/cordoned} {.spec.taints}{"\n"}{end}{range .items[?(@.kind=="Pod")]}pod {.metadata.namespace} {.metadata.name} {.spec.nodeName} {.status.phase} {.status.conditions[?(@.type=="Ready")].status} {.metadata.deletionTimestamp} {.metadata.annotations.kubernetes\.io/config\.mirror} {.metadata.ownerReferences[?(@.controller==true)].kind} {.metadata.ownerReferences[?(@.controller==true)].name} {.spec.terminationGracePeriodSeconds} {.metadata.labels} {.spec.volumes[?(@.emptyDir)].name}{"\n"}{end}{range .items[?(@.kind=="Deployment")]}workload {.kind} {.metadata.namespace} {.metadata.name} {.spec.replicas}{"\n"}{end}{range .items[?(@.kind=="StatefulSet")]}workload {.kind} {.metadata.namespace} {.metadata.name} {.spec.replicas}{"\n"}{end}{range .items[?(@.kind=="ReplicaSet")]}workload {.kind} {.metadata.namespace} {.metadata.name} {.spec.replicas} {.metadata.ownerReferences[?(@.controller==true)].kind} {.metadata.ownerReferences[?(@.controller==true)].name}{"\n"}{end}') || exit 1
# A pod's deletionTimestamp, when it should have ended, is by this host's clock, on which that API server runs.
date -u '+now %Y-%m-%dT%H:%M:%SZ'
# Of thousands of pods only what a drain asks: labels where a budget may choose by them, no set of a revision of the past.
echo "$held" | awk -F '[ ]' '
    $1 == "budget" { chosen[$2] = 1 }
    $1 == "workload" && $2 == "ReplicaSet" && $5 == 0 { next }
    $1 == "pod" && $4 == "" { next }
    $1 == "pod" && !($2 in chosen) { $12 = "" }
    { print }'
