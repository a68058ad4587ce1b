# COMMAND, CONFIG, AFTER: runs kubeadm with its configuration file, which holds secrets and is removed afterwards.
#
# kubernetes#99305: a kubelet may refuse the etcd pod because it has not yet seen the disk's size, and never tries again.
# Then etcd never starts, and a cluster of two has no quorum. Restarting that kubelet is what helps.
trap 'rm -f "$CONFIG"' EXIT
trap 'exit 143' TERM
started=$(date '+%Y-%m-%d %H:%M:%S')
$COMMAND --config "$CONFIG" &
kubeadm=$!
restarted=no
while kill -0 $kubeadm 2>/dev/null; do
    if [ $restarted = no ] && journalctl -q -u kubelet --since "$started" --no-pager 2>/dev/null |
        grep -q 'Failed to admit pod.*ephemeral-storage'; then
        echo "kubelet refused a pod for want of ephemeral-storage (kubernetes#99305): restarting it"
        systemctl restart kubelet
        restarted=yes
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
    exit $status
fi
[ -z "$AFTER" ] || sh -c "$AFTER"
