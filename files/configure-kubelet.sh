# HOST, ACTION, CHANGE: a kubelet's own configuration file, by what the cluster keeps. Stands behind copied.sh and
# kubelet-is-up.sh.
#
# ACTION: "configure" has kubeadm write it and restarts the kubelet; where that does not come up, the old file is put back.
# "restore" does that alone. "keep" forgets the old file, since the node is Ready. CHANGE: a word that is the same for a
# change that goes on.
# The new file counts once its kubelet is up and its node Ready: until then the old one is kept.
config=/var/lib/kubelet/config.yaml
kept=/var/lib/k8s-ha/kubelet-config
trap '' HUP PIPE
put_back() {
    [ -e $kept/config.yaml ] || return 1
    copied $kept/config.yaml $config && systemctl restart kubelet.service && kubelet_is_up && rm -rf $kept
}
fail() {
    if put_back; then
        echo "$HOST: $1; its old configuration is back and it runs; see the lines above, correct the setting, then run this again."
    else
        echo "$HOST: $1, nor does it run with its old configuration; see \`journalctl -u kubelet\` there, then run this again."
    fi >&2
    exit 1
}
case $ACTION in
    restore) put_back && exit 0 || exit 1 ;;
    keep) rm -rf $kept && exit 0 || exit 1 ;;
esac
if [ -e $kept ] && [ "$(cat $kept/change 2>/dev/null)" != "$CHANGE" ] && systemctl -q is-active kubelet.service; then
    rm -rf $kept # by another change that was cut off
fi
if [ ! -e $kept/config.yaml ]; then
    mkdir -p -m 700 $kept && echo "$CHANGE" >$kept/change && copied $config $kept/config.yaml || {
        echo "$HOST: $config cannot be copied; see the error above, then run this again." >&2
        exit 1
    }
fi
timeout 60 sync || true # its name, too, is on the disk before anything is changed
kubeadm upgrade node phase kubelet-config || fail "kubeadm wrote no configuration of its kubelet"
begin=$(date '+%Y-%m-%d %H:%M:%S')
systemctl restart kubelet.service && kubelet_is_up && exit 0
journalctl -q -u kubelet --since "$begin" --no-pager -o cat | grep -v '^I[0-9]' | cut -c 1-400 | tail -n 6
fail "its kubelet did not come up with its new configuration"
