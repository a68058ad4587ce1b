# HOST, ACTION, SOCKET, REMOTE: takes a drained node from Docker to containerd. Stands behind docker-others.sh.
#
# ACTION: "leave" stops the kubelet, takes its containers away from Docker, and has Docker off. "enter" has the kubelet speak to
# SOCKET, a URL, and starts it; REMOTE: "yes" where it must be told that its runtime is a remote one (up to 1.23). Either may be
# begun again wherever it was cut off: that the flags name SOCKET comes last.
fail() {
    echo "$HOST: $1; $2, then run this again." >&2
    exit 1
}
flags=/var/lib/kubelet/kubeadm-flags.env
# FILE: has in it, in one step, what stands on stdin; it keeps its mode.
written() {
    dd of="$1.k8s-ha-new" conv=fsync status=none && [ -s "$1.k8s-ha-new" ] && chmod --reference="$1" "$1.k8s-ha-new" && mv -f "$1.k8s-ha-new" "$1" ||
        fail "$1 could not be written" "see the error above"
}
leave() {
    grep -qs '^KUBELET_KUBEADM_ARGS=".*"[[:blank:]]*$' $flags || fail "$flags has no line KUBELET_KUBEADM_ARGS=\"…\"" "write it again"
    systemctl -q is-active docker.service || systemctl start docker.service || fail "docker.service could not be started" "see \`journalctl -u docker\` there"
    named=$(others) || fail "Docker does not tell its containers" "see the error above"
    [ -z "$named" ] || fail "Docker has containers of its own: $(echo "$named" | head -n 5 | tr '\n' ' ')" "move them away"
    systemctl stop kubelet.service || fail "its kubelet could not be stopped" "see the error above"
    containers=$(docker ps -aq) || fail "Docker does not tell its containers" "see the error above"
    if [ -n "$containers" ]; then
        # shellcheck disable=SC2086 # each is a word
        docker stop -t 30 $containers >/dev/null
        # shellcheck disable=SC2086
        docker rm -f $containers >/dev/null || fail "Kubernetes' containers could not be removed" "see the error above"
    fi
    for unit in cri-docker.socket cri-docker.service docker.socket docker.service; do
        ! systemctl cat "$unit" >/dev/null 2>&1 || systemctl disable --now "$unit" || fail "$unit could not be stopped" "see the error above"
    done
    # Nobody tells the CNI plugins that those pods are gone: their host ports would lead to dead addresses.
    if command -v iptables >/dev/null 2>&1; then
        for chain in $(iptables -w -t nat -S | sed -n 's/^-N \(CNI-DN-[^ ]*\|CNI-HOSTPORT-DNAT\)$/\1/p'); do iptables -w -t nat -F "$chain"; done
    fi
    rm -rf /var/lib/cni/networks /var/lib/cni/flannel
}
enter() {
    # A newer kubeadm names the socket in the kubelet's configuration, too.
    for file in /var/lib/kubelet/instance-config.yaml /var/lib/kubelet/config.yaml; do
        ! grep -qs '^containerRuntimeEndpoint:' $file || sed "s#^containerRuntimeEndpoint:.*#containerRuntimeEndpoint: $SOCKET#" $file | written $file
    done
    sed "/^KUBELET_KUBEADM_ARGS=/ {
        s# *--container-runtime=[^ \"]*##g
        s# *--container-runtime-endpoint=[^ \"]*##g
        s# *--network-plugin=[^ \"]*##g
        s# *--cni-[a-z-]*=[^ \"]*##g
        s# *--docker[a-z-]*=[^ \"]*##g
        s#\"[[:blank:]]*\$#${REMOTE:+ --container-runtime=remote} --container-runtime-endpoint=$SOCKET\"#
    }" $flags | written $flags
    systemctl restart kubelet.service || fail "its kubelet could not be started" "see \`journalctl -u kubelet\` there"
}
case $ACTION in leave | enter) "$ACTION" ;; esac
