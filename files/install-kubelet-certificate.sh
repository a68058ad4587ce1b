# HOST, SEEN, FROM: has this node's kubelet log in by another certificate, and run. Stands behind copied.sh and kubelet-is-up.sh.
#
# FROM: the certificate with its key behind it, removed afterwards with those that runs have left which were cut off. SEEN: when
# it was looked at what is due, by this host's clock. The kubelet renews it by itself from then on: it is kept where the kubelet
# keeps its own, and kubelet.conf names that file.
folder=/var/lib/kubelet/pki
held=$folder/kubelet-client-current.pem
config=/etc/kubernetes/kubelet.conf
# There until the kubelet runs with it: the certificate alone does not tell that.
unfinished=/var/lib/k8s-ha/kubelet-certificate
trap '' HUP PIPE
trap 'rm -f "${FROM%/*}"/kubelet-client.*' EXIT
fail() {
    echo "$HOST: $1; see the error above, then run this again." >&2
    exit 1
}
# Another run, which held the lock before, has renewed it, or the kubelet has.
if [ ! -e $unfinished ] && [ "$(stat -L -c %Y $held 2>/dev/null || echo 0)" -gt "$SEEN" ]; then exit 0; fi
grep -q -e '-BEGIN CERTIFICATE-' "$FROM" && grep -q 'PRIVATE KEY-' "$FROM" || fail "$FROM is no certificate with its key"
[ -s $config ] || fail "$config is missing"
new=$folder/kubelet-client-$(date -u +%Y-%m-%d-%H-%M-%S).pem
mkdir -p -m 755 $folder /var/lib/k8s-ha && : >$unfinished && copied "$FROM" "$new" && chmod 600 "$new" || fail "$new cannot be written"
# A link, as the kubelet makes it: it refuses to replace anything else.
ln -sfn "$new" $held.k8s-ha-new && mv -fT $held.k8s-ha-new $held || fail "$held cannot be written"
if grep -q 'client-certificate-data:' $config; then
    cp -p $config $config.k8s-ha-named &&
        sed -e "s#^\( *client-certificate\)-data:.*#\1: $held#" -e "s#^\( *client-key\)-data:.*#\1: $held#" $config >$config.k8s-ha-named &&
        copied $config.k8s-ha-named $config || fail "$config cannot be written"
    rm -f $config.k8s-ha-named
fi
begin=$(date '+%Y-%m-%d %H:%M:%S')
systemctl restart kubelet.service || fail "the kubelet does not start"
if kubelet_is_up; then
    rm -f $unfinished
    exit 0
fi
journalctl -q -u kubelet --since "$begin" --no-pager -o cat | grep -v '^I[0-9]' | cut -c 1-400 | tail -n 6
fail "its kubelet does not run with its new certificate"
