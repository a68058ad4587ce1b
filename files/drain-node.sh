# NODE, HOST, KUBECTL, SECONDS_ALLOWED, EVICTS, SECONDS_TO_LEAD: cordons a node and drains it. Stands behind cordon.sh and
# node-workloads.sh.
#
# HOST: the node's name in the inventory. EVICTS: more flags of kubectl drain, for what was accepted; empty for none.
# SECONDS_TO_LEAD: how long a kube-controller-manager may take to lead.
#
# A drain that fails lifts its own cordon. A node that somebody else cordoned is drained too, and stays cordoned.
umask 077
begun='' evicting=''
fail() {
    kept=
    # What it has evicted is waited for by the next run, which the node tells.
    if [ -n "$evicting" ] && is_ours; then
        take_back || kept="; a cordon may be left until that run"
    elif uncordon; then
        [ -n "$begun" ] || rm -f "$note"
    else
        kept="; a cordon may be left until that run"
    fi
    echo "$HOST: not drained: $1, then run this again$kept." >&2
    exit 1
}
require_node() { is_gone && fail "the cluster has no node $NODE; look at \`kubectl get nodes\`"; }
read_node || fail "the API server does not tell of its node $NODE; see the lines above"
require_node
# A run that was cut off noted what was ready before it; of what is ready now, its own evictions have taken some. One that was
# led by another control plane noted it there: then await-node.sh does without.
if is_returned || { is_cordoned && { is_ours || [ -e "$note" ]; }; }; then begun=yes; fi
cordon || fail "its node $NODE could not be cordoned; see the lines above"
require_node
# What is ready of each workload with a pod there; and which pods of DaemonSets are Ready, 1, and which are not, 0.
note_workloads() {
    pods=$(pods_of_node) && held=$(workloads) || return 1
    printf '%s\n' "$held" "$pods" | awk -F/ '
        NF == 7 {
            ready[$1 "/" $2 "/" $3] = $5 + 0
            if ($6 == "Deployment") upper[$1 "/" $2 "/" $3] = $6 "/" $2 "/" $7
        }
        $1 != "Pod" { next }
        $6 == "DaemonSet" { print $6 "/" $2 "/" $7 "/" ($8 == "True"); next }
        {
            owner = $6 "/" $2 "/" $7
            if (owner in upper) owner = upper[owner]
            if (owner in ready && !(owner in noted)) print owner "/" ready[owner]
            noted[owner] = 1
        }' >"$note.new" && mv -f "$note.new" "$note"
}
if [ -z "$begun" ]; then
    mkdir -p -m 755 "${note%/*}" && note_workloads || fail "its workloads could not be read; see the lines above"
fi

# Its lease may have to run out first, 15 seconds, where the kube-controller-manager that led went with its control plane. As
# long as none leads, pods that have gone are asked for in their Services, and not made anew; the one that leads taints the node.
is_tainted() {
    effects=$(ask get node "$NODE" --ignore-not-found -o jsonpath='{.spec.taints[?(@.key=="node.kubernetes.io/unschedulable")].effect}')
    [ -n "$effects" ]
}
deadline=$(($(date +%s) + SECONDS_TO_LEAD))
until is_tainted; do
    [ "$(date +%s)" -lt $deadline ] ||
        fail "its cordon has had no taint for $SECONDS_TO_LEAD s, so no kube-controller-manager works; see that one leads"
    sleep 1
done

evicting=yes
# shellcheck disable=SC2086 # each of KUBECTL and of EVICTS is a word
$KUBECTL drain "$NODE" --ignore-daemonsets --timeout="${SECONDS_ALLOWED}s" $EVICTS </dev/null && exit 0

# Pods that a drain takes away, as NAMESPACE/NAME. $1: "bare" for those without a controller, "local" for those with emptyDir
# volumes, "" for all. $2: of which namespace, "" for any.
left() {
    printf '%s\n' "$pods" | awk -F/ -v which="$1" -v within="$2" '
        $1 != "Pod" || $4 == "Succeeded" || $4 == "Failed" || $5 != "" || $6 == "DaemonSet" { next }
        which == "bare" && $6 != "" || which == "local" && $10 == "" || within != "" && $2 != within { next }
        { print $2 "/" $3 }'
}
# Those that allow no eviction, with the labels that they choose by. An empty selector means all pods, before policy/v1 none.
budgets_without_room() {
    budgets=$(ask get poddisruptionbudgets -A -o go-template='{{range .items}}{{$empty := eq (printf "%v" .spec.selector) "map[]"}}{{if and (not .status.disruptionsAllowed) (or .spec.selector (and $empty (eq .apiVersion "policy/v1")))}}{{.metadata.namespace}} {{.metadata.name}} {{range $key, $value := .spec.selector.matchLabels}}{{$key}}={{$value}},{{end}}{{range .spec.selector.matchExpressions}}{{if eq .operator "Exists"}}{{.key}}{{else if eq .operator "DoesNotExist"}}!{{.key}}{{else}}{{.key}} {{if eq .operator "In"}}in{{else}}notin{{end}} ({{range $number, $value := .values}}{{if $number}},{{end}}{{$value}}{{end}}){{end}},{{end}}{{"\n"}}{{end}}{{end}}') || return
    echo "$budgets" | while read -r namespace name selector; do
        [ -n "$(left "" "$namespace")" ] || continue
        covered=$(ask -n "$namespace" get pods -l "${selector%,}" --field-selector "spec.nodeName=$NODE" -o name) || return
        [ -z "$covered" ] || echo "$namespace/$name"
    done
}
pods=$(pods_of_node) || fail "kubectl failed, and its pods could not be read; see the lines above"
refused=
case " $EVICTS " in
    *" --force "*) ;;
    *) names=$(left bare "" | listed) && refused="${names:+$names without a controller (bare-pods)}" ;;
esac
case " $EVICTS " in
    *" --delete-emptydir-data "*) ;;
    *) names=$(left local "" | listed) && refused="$refused${names:+${refused:+, }$names with emptyDir volumes (local-data)}" ;;
esac
[ -z "$refused" ] || fail "it runs $refused; move them, or name that risk in accepted_risks"
names=$(left "" "" | listed)
held=$(budgets_without_room) || fail "$names left after $SECONDS_ALLOWED s at most, and its PodDisruptionBudgets could not be read"
budgets=$(echo "$held" | listed)
[ -z "$budgets" ] || fail "$names left after $SECONDS_ALLOWED s, and PodDisruptionBudget $budgets allows no eviction; have its pods Ready"
fail "${names:-no pod} left after $SECONDS_ALLOWED s at most; see the lines above"
