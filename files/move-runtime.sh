# HOST, ACTION, SOCKET, REMOTE: takes a drained node from Docker to containerd.
#
# ACTION: "leave" stops the kubelet and takes Kubernetes' containers away from Docker, which is stopped for good where it has
# no other. "enter" has the kubelet speak to SOCKET, a URL, and starts it. REMOTE: "yes" where the kubelet must be told that
# its runtime is a remote one (up to 1.26).
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
    systemctl stop kubelet.service || fail "its kubelet could not be stopped" "see the error above"
    systemctl -q is-active docker.service || return 0
    # Containers of Kubernetes alone: each has its pod's name as a label.
    containers=$(docker ps -aq --filter label=io.kubernetes.pod.name) || fail "docker does not tell its containers" "see the error above"
    for container in $containers; do docker stop -t 30 "$container"; done >/dev/null
    # shellcheck disable=SC2086 # each is a word
    [ -z "$containers" ] || docker rm -f $containers >/dev/null || fail "Kubernetes' containers could not be removed" "see the error above"
    others=$(docker ps -q) || fail "docker does not tell its containers" "see the error above"
    if [ -n "$others" ]; then
        echo "docker runs on: $(echo "$others" | wc -l) containers of its own are there"
        return 0
    fi
    for unit in cri-docker.socket cri-docker.service docker.socket docker.service; do
        ! systemctl cat "$unit" >/dev/null 2>&1 || systemctl disable --now "$unit" || fail "$unit could not be stopped" "see the error above"
    done
}
enter() {
    [ -s $flags ] || fail "$flags is missing" "write it again"
    words=$(sed -n 's/^KUBELET_KUBEADM_ARGS="\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' $flags)
    kept=
    for word in $words; do
        case $word in
            --container-runtime=* | --container-runtime-endpoint=* | --network-plugin=* | --cni-*=* | --docker*=*) ;;
            *) kept="$kept $word" ;;
        esac
    done
    [ -z "$REMOTE" ] || kept="$kept --container-runtime=remote"
    echo "KUBELET_KUBEADM_ARGS=\"${kept# } --container-runtime-endpoint=$SOCKET\"" | written $flags
    # A newer kubeadm names the socket in the kubelet's configuration, too.
    for file in /var/lib/kubelet/instance-config.yaml /var/lib/kubelet/config.yaml; do
        ! grep -qs '^containerRuntimeEndpoint:' $file || sed "s#^containerRuntimeEndpoint:.*#containerRuntimeEndpoint: $SOCKET#" $file | written $file
    done
    systemctl restart kubelet.service || fail "its kubelet could not be started" "see \`journalctl -u kubelet\` there"
}
case $ACTION in leave | enter) "$ACTION" ;; esac
