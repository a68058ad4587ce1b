# HOST, FROM: has this node's kubelet log in by another certificate, and run. Stands behind copied.sh.
#
# FROM: the certificate with its key behind it, removed afterwards. The kubelet renews it by itself from then on: it is kept
# where the kubelet keeps its own, and kubelet.conf names that file.
folder=/var/lib/kubelet/pki
held=$folder/kubelet-client-current.pem
config=/etc/kubernetes/kubelet.conf
trap '' HUP PIPE
trap 'rm -f "$FROM"' EXIT
fail() {
    echo "$HOST: $1; see the error above, then run this again." >&2
    exit 1
}
grep -q -e '-BEGIN CERTIFICATE-' "$FROM" && grep -q 'PRIVATE KEY-' "$FROM" || fail "$FROM is no certificate with its key"
[ -s $config ] || fail "$config is missing"
new=$folder/kubelet-client-$(date -u +%Y-%m-%d-%H-%M-%S).pem
mkdir -p -m 755 $folder && copied "$FROM" "$new" && chmod 600 "$new" || fail "$new cannot be written"
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
process= since=0
for second in $(seq 60); do # the same process for 15 seconds: one that cannot log in at all ends at once
    now=$(systemctl show -p MainPID kubelet.service 2>/dev/null)
    if systemctl -q is-active kubelet.service && [ "$now" = "$process" ]; then
        [ $((second - since)) -lt 15 ] || exit 0
    else
        process=$now since=$second
    fi
    sleep 1
done
journalctl -q -u kubelet --since "$begin" --no-pager -o cat | grep -v '^I[0-9]' | cut -c 1-400 | tail -n 6
fail "its kubelet does not run with its new certificate"
