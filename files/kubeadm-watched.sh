# COMMAND, CONFIG, AFTER, MARKER, ENDPOINT, SILENCE: runs kubeadm with its configuration file, which holds secrets and is
# removed afterwards.
#
# MARKER, unless it is empty, is a file that is there from before kubeadm begins until it has ended well. ENDPOINT, unless it
# is empty, is where kubeadm finds the cluster: where that is silent for SILENCE seconds, it is stopped, since it would try
# a quarter of an hour.
#
# kubernetes#99305: a kubelet may refuse the etcd pod because it has not yet seen the disk's size, and never tries again.
# Then etcd never starts, and a cluster of two has no quorum. Restarting that kubelet is what helps, unless it loses the same
# race once more, as it does on slow hosts: only what the process of now has said counts.
trap 'rm -f "$CONFIG"' EXIT
trap 'exit 143' TERM
if [ -n "$MARKER" ]; then
    # On the disk at once: a power cut must not take it and leave what kubeadm writes.
    mkdir -p "${MARKER%/*}" && dd if=/dev/null of="$MARKER" conv=fsync 2>/dev/null || exit 1
fi
started=$(date '+%Y-%m-%d %H:%M:%S')
$COMMAND --config "$CONFIG" &
kubeadm=$!
kubelet_refused() {
    kubelet=$(systemctl show -p MainPID kubelet.service 2>/dev/null)
    journalctl -q -u kubelet "_PID=${kubelet#MainPID=}" --since "$started" --no-pager 2>/dev/null |
        grep -q 'Failed to admit pod.*ephemeral-storage'
}
restarts=0 seconds=0 silent=0
while kill -0 $kubeadm 2>/dev/null; do
    if [ $restarts -lt 5 ] && kubelet_refused; then
        echo "kubelet refused a pod for want of ephemeral-storage (kubernetes#99305): restarting it"
        systemctl restart kubelet
        restarts=$((restarts + 1))
    fi
    if [ -n "$ENDPOINT" ] && [ $((seconds += 1)) -ge 5 ]; then
        seconds=0
        silent=$((silent + 5))
        curl -ksS -o /dev/null --noproxy '*' --max-time 5 "https://$ENDPOINT/version" 2>/dev/null && silent=0
        if [ $silent -ge "$SILENCE" ]; then
            echo "nothing has answered at the endpoint $ENDPOINT for $SILENCE seconds: kubeadm was stopped"
            kill $kubeadm
        fi
    fi
    sleep 1
done
wait $kubeadm
status=$?
if [ $status != 0 ]; then
    # kubeadm says that it waited for the kubelet in vain; only the kubelet says why. Its complaints that the API server is
    # not there yet follow from that.
    journalctl -q -u kubelet --since "$started" --no-pager -o cat 2>/dev/null |
        grep '^[EF][0-9]' |
        grep -v -e 'connect: connection refused' -e 'node ".*" not found' |
        sed 's/^[EF][0-9]* *[0-9:.]* *[0-9]* /kubelet: /' | cut -c 1-400 | tail -n 5
    # kubeadm's preflight said no: nothing was begun.
    [ -n "$MARKER" ] && [ "$(ls -A "${MARKER%/*}")" = "${MARKER##*/}" ] && rm -f "$MARKER"
    exit $status
fi
if [ -n "$MARKER" ]; then
    # First what kubeadm wrote: after a power cut an older file of it must not stand beside a finished cluster.
    timeout 60 sync
    rm -f "$MARKER"
fi
[ -z "$AFTER" ] || sh -c "$AFTER"
