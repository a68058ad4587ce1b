# STANDING: "yes" where it is wanted; needs ask of init-unfinished.sh.
# Defines standing_files and standing_objects, which print `key value` lines: what the cluster stands with, as this host's
# files and its own API server tell it.
standing_files() {
    [ -n "$STANDING" ] || return
    for pod in etcd kube-apiserver kube-controller-manager kube-scheduler; do
        sed -n "/^  - command:/,/^    image:/s/^/static_pod $pod /p" "$k/manifests/$pod.yaml" 2>/dev/null
    done
    sed 's/^/kubelet_config /' /var/lib/kubelet/config.yaml 2>/dev/null
    sed -n 's/^KUBELET_KUBEADM_ARGS=/kubelet_flags /p' /var/lib/kubelet/kubeadm-flags.env 2>/dev/null
    sed 's/^/serving_certificate /' $k/pki/apiserver.crt 2>/dev/null
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
    objects=$(echo "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[$wanted]}" | ask get --ignore-not-found -f - -o json | tr -d '\n')
    echo "objects $objects"
}
