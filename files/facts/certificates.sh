# Stands behind artifacts.sh and first-certificate.sh. Defines certificates, which prints `key value` lines: the certificates on this
# host, when the files that they stand in were written, keys of CAs that are not there, and files of a CA with more than one.
certificates() {
    set -- $k/pki/*.crt $k/pki/etcd/*.crt /var/lib/kubelet/pki/kubelet-client-current.pem /var/lib/kubelet/pki/kubelet-server-current.pem
    for file in "$@"; do
        [ -r "$file" ] || continue
        echo "certificate $file $(first_certificate "$file")"
    done
    for file in $k/admin.conf $k/super-admin.conf $k/controller-manager.conf $k/scheduler.conf $k/kubelet.conf; do
        [ -r "$file" ] || continue
        data=$(content "$file" | sed -n 's/^ *client-certificate-data: *//p' | head -n 1)
        # A kubelet that renews its certificate keeps it in a file of its own.
        if [ -n "$data" ] || [ "$file" != $k/kubelet.conf ]; then echo "kubeconfig $file $data"; fi
    done
    stat -L -c 'written %n %Y' "$@" $k/*.conf 2>/dev/null
    [ -e $k/manifests/kube-apiserver.yaml ] || return 0
    for authority in $k/pki/ca $k/pki/front-proxy-ca $k/pki/etcd/ca; do
        count=$(grep -sc -e '-BEGIN CERTIFICATE-' $authority.crt)
        [ "${count:-0}" -lt 2 ] || echo "bundle $authority.crt"
        [ -e $authority.key ] || [ ! -e $authority.crt ] || echo "lacking_key $authority.key"
    done
}
