# HOST, FINALIZE: restarts this node's kubelet, so that it lists its pods anew. Stands behind kubelet-is-up.sh.
#
# FINALIZE: kubeadm's file on a control plane that was made anew: its kubelet.conf is to name the certificate that the kubelet
# renews, as an init's last phase has it; else empty. The file is removed afterwards.
trap '[ -z "$FINALIZE" ] || rm -f "$FINALIZE"' EXIT
if [ -n "$FINALIZE" ] && ! grep -q kubelet-client-current.pem /etc/kubernetes/kubelet.conf; then
    # The kubelet writes it when it has first asked the API server.
    deadline=$(($(date +%s) + 120))
    until [ -s /var/lib/kubelet/pki/kubelet-client-current.pem ]; do
        [ "$(date +%s)" -lt $deadline ] || break
        sleep 1
    done
    kubeadm init phase kubelet-finalize all --config "$FINALIZE" || {
        echo "$HOST: \`kubeadm init phase kubelet-finalize\` failed; see the lines above, then run this again." >&2
        exit 1
    }
fi
systemctl restart kubelet && kubelet_is_up || {
    echo "$HOST: its kubelet does not run after its restart; see \`journalctl -u kubelet\` there, then run this again." >&2
    exit 1
}
