# STANDING: "yes" where it is wanted; needs ask of init-unfinished.sh, content of artifacts.sh, kubeconfig-clusters.sh and
# certificates.sh.
# Defines standing_files and standing_objects, which print `key value` lines: what the cluster stands with, as this host's
# files and its own API server tell it.
held() {
    [ -e "$1" ] || return
    text=$(content "$1")
    echo "$text" | sed -n "$2"
}
standing_files() {
    [ -n "$STANDING" ] || return
    for pod in etcd kube-apiserver kube-controller-manager kube-scheduler; do
        held "$k/manifests/$pod.yaml" "/^spec:/,\$s/^/static_pod $pod /p"
    done
    held /var/lib/kubelet/config.yaml 's/^/kubelet_config /p'
    held /var/lib/kubelet/kubeadm-flags.env 's/^KUBELET_KUBEADM_ARGS=/kubelet_flags /p'
    held $k/pki/apiserver.crt 's/^/serving_certificate /p'
    named_clusters
    # A pod keeps the /etc/hosts of its start: what the name at which kube-proxy asks is there.
    for pod in /var/lib/kubelet/pods/*; do
        [ -r "$pod/volumes/kubernetes.io~configmap/kube-proxy/kubeconfig.conf" ] || continue
        name=$(sed -n 's#^ *server: *"\{0,1\}https://\([^/"]*\):[0-9]*"\{0,1\}$#\1#p' "$pod/volumes/kubernetes.io~configmap/kube-proxy/kubeconfig.conf" | head -n 1)
        sed 's/#.*//' "$pod/etc-hosts" 2>/dev/null | awk -v name="$name" '{ for (i = 2; i <= NF; i++) if ($i == name) { print "kube_proxy_host", name, $1; exit } }'
    done
    certificates
    # What stood before a change that is not over, kept by the change itself.
    for kept in /var/lib/k8s-ha/static-pods/*.yaml; do
        [ ! -e "$kept" ] || basename "$kept" .yaml
    done | sed 's/^/set_aside /'
    [ ! -e /var/lib/k8s-ha/apiserver-certificate/apiserver.key ] || echo "set_aside apiserver-certificate"
    [ ! -e /var/lib/k8s-ha/kubelet-config/config.yaml ] || echo "set_aside kubelet-config"
    [ ! -e /var/lib/k8s-ha/kubeconfigs/change ] || echo "set_aside kubeconfigs"
    [ ! -e /var/lib/k8s-ha/certificates ] || echo "set_aside certificates"
    [ ! -e /var/lib/k8s-ha/kubelet-certificate ] || echo "set_aside kubelet-certificate"
}
standing_objects() {
    [ -n "$STANDING" ] || return
    wanted='{"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"namespace":"kube-flannel","name":"kube-flannel-ds"}}'
    # Up to 1.23 the kubelets' ConfigMap carries the line in its name.
    for object in kube-system/kubeadm-config kube-system/kubelet-config kube-system/kubelet-config-1.20 \
        kube-system/kubelet-config-1.21 kube-system/kubelet-config-1.22 kube-system/kubelet-config-1.23 \
        kube-system/kube-proxy kube-flannel/kube-flannel-cfg; do
        metadata="{\"namespace\":\"${object%/*}\",\"name\":\"${object#*/}\"}"
        wanted="$wanted,{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":$metadata}"
    done
    list="{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[$wanted]}"
    # An answer that is not whole is none: what it lacks would pass for what the cluster lacks.
    objects=$(echo "$list" | ask get --ignore-not-found -f - -o json) || return
    echo "objects $(echo "$objects" | tr -d '\n')"
}
