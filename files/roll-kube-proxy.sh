# HOST, KUBECTL, SECONDS_ALLOWED: restarts kube-proxy's pods and waits until all run anew. Stands behind kube-proxy-pods.sh.
# shellcheck disable=SC2086 # each of KUBECTL is a word
ask rollout restart daemonset/kube-proxy && kube_proxy_rolled && exit 0
if [ -n "$pod" ]; then
    ask logs --tail=6 --previous "$pod" 2>/dev/null || ask logs --tail=6 "$pod"
fi | cut -c 1-400
echo "$HOST: kube-proxy${pod:+ ($pod)} did not come up, on any node more for $SECONDS_ALLOWED seconds; see the lines above, correct the setting, then run this again." >&2
exit 1
