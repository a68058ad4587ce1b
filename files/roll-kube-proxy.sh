# HOST, KUBECTL, SECONDS_ALLOWED: restarts kube-proxy's pods, one node after the other, and waits until all run anew.
#
# A pod that ends again and again, or whose image cannot be pulled, ends the wait.
# shellcheck disable=SC2086 # each of KUBECTL is a word
ask() { $KUBECTL -n kube-system "$@" </dev/null; }
failing() {
    ask get pods -l k8s-app=kube-proxy -o jsonpath='{range .items[*]}{.metadata.name} {.status.containerStatuses[*].state.waiting.reason}{"\n"}{end}' |
        awk '$2 ~ /BackOff|ErrImage|CreateContainer/ { print $1 }' | head -n 1
}
rolled() {
    deadline=$(($(date +%s) + SECONDS_ALLOWED))
    until ask rollout status daemonset/kube-proxy --timeout=20s; do
        pod=$(failing)
        [ -z "$pod" ] && [ "$(date +%s)" -lt $deadline ] || return 1
        sleep 1
    done
}
ask rollout restart daemonset/kube-proxy && rolled && exit 0
if [ -n "$pod" ]; then
    ask logs --tail=6 --previous "$pod" 2>/dev/null || ask logs --tail=6 "$pod"
fi | cut -c 1-400
echo "$HOST: kube-proxy${pod:+ ($pod)} did not come up on every node within $SECONDS_ALLOWED seconds; see the lines above, correct the setting, then run this again." >&2
exit 1
