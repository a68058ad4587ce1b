# HOST, ADDRESS, RUNTIME, COMPONENT, LIMIT: restarts one of kubeadm's static pods on this host, and waits until it serves.
#
# RUNTIME: containerd or docker. COMPONENT: etcd, kube-apiserver, kube-controller-manager or kube-scheduler. LIMIT: seconds for
# its end, and as many again for its start. Stands behind facts/etcd.sh. One at a time: it also puts back what others left.
#
# Its manifest is moved out, since deleting a static pod's object restarts nothing, and always moved back: by this, however it
# ends, or by the next one. The kubelet runs every file of its folder, whatever its name.
manifests=/etc/kubernetes/manifests
outside=/etc/kubernetes/k8s-ha
tool=crictl
[ "$RUNTIME" != docker ] || tool=docker
refuse() {
    echo "$HOST: $COMPONENT was not restarted: $1; $2, then run this again." >&2
    exit 1
}
pods() { # its sandbox stays where its container crashes
    if [ $tool = docker ]; then
        docker ps -q --filter "label=component=$COMPONENT" --filter label=tier=control-plane
    else
        crictl pods -q --state ready --label "component=$COMPONENT" --label tier=control-plane
    fi
}
containers() {
    name=io.kubernetes.container.name=$COMPONENT namespace=io.kubernetes.pod.namespace=kube-system
    if [ $tool = docker ]; then
        docker ps -q --filter "label=$name" --filter "label=$namespace"
    else
        crictl ps -q --state running --label "$name" --label "$namespace"
    fi
}
# A runtime that does not answer has not said that nothing runs.
gone() { left=$(pods) && [ -z "$left" ] && left=$(containers) && [ -z "$left" ]; }
healthz() { # PORT
    bound=$(sed -n 's/^ *- --bind-address=//p' "$manifests/$COMPONENT.yaml")
    curl -fsSk --noproxy '*' --max-time 3 "https://${bound:-127.0.0.1}:$1/healthz" >/dev/null 2>&1
}
serves() {
    running=$(containers) && [ -n "$running" ] || return 1
    case $COMPONENT in
        etcd) case $(etcd 127.0.0.1:2379/health) in *true*) ;; *) return 1 ;; esac ;;
        kube-apiserver)
            kubectl --kubeconfig /etc/kubernetes/admin.conf --server "https://$ADDRESS:6443" --request-timeout=5s \
                get --raw /readyz >/dev/null 2>&1
            ;;
        kube-controller-manager) healthz 10257 ;;
        kube-scheduler) healthz 10259 ;;
    esac
}
wait_until() {
    deadline=$(($(date +%s) + LIMIT))
    until "$@"; do
        [ "$(date +%s)" -lt $deadline ] || return 1
        sleep 1
    done
}
put_back() { # one that was written meanwhile is its writer's
    for file in "$outside"/*.yaml; do
        [ ! -e "$file" ] || [ -e "$manifests/${file##*/}" ] || mv "$file" "$manifests/" || return 1
    done
}
require_one() {
    [ ! -e "$outside/$COMPONENT.yaml" ] ||
        refuse "$outside has $COMPONENT.yaml beside the one in $manifests" "remove the one that is not wanted"
}

case $COMPONENT in
    etcd | kube-apiserver | kube-controller-manager | kube-scheduler) ;;
    *) refuse "it is none of kubeadm's static pods" "name one of them" ;;
esac
put_back || refuse "a manifest could not be moved back to $manifests" "see the error above"
[ -e "$manifests/$COMPONENT.yaml" ] || refuse "$manifests/$COMPONENT.yaml is missing" "write it again"
require_one
systemctl -q is-active kubelet || refuse "the kubelet is not running" "start it"
pods >/dev/null && containers >/dev/null || refuse "\`$tool ps\` failed" "see the error above"

mkdir -p -m 700 "$outside" || refuse "$outside cannot be made" "see the error above"
trap 'exit 1' HUP INT PIPE TERM
trap put_back EXIT
mv "$manifests/$COMPONENT.yaml" "$outside/" || refuse "its manifest cannot be moved" "see the error above"
wait_until gone || refuse "its container did not end within $LIMIT seconds" "see \`journalctl -u kubelet\` there"
put_back || refuse "its manifest cannot be moved back from $outside" "move it to $manifests"
require_one
wait_until serves && exit 0
echo "$HOST: $COMPONENT was restarted and does not serve after $LIMIT seconds; see \`$tool ps -a\` and its log there, then run this again." >&2
exit 1
