# HOST, CONFIG, FOLDER, CHANGE: has kubeadm make the API server's certificate anew, and restarts it. Stands behind static-pod.sh.
#
# CONFIG: kubeadm's file, removed afterwards. FOLDER: the folder in which it has kubeadm make the certificate, beside the one
# that serves; removed afterwards, too. CHANGE: a word that is the same for a change that goes on.
#
# The old certificate is kept until the new one serves, and put back where it does not.
component=kube-apiserver
pki=/etc/kubernetes/pki
kept=/var/lib/k8s-ha/apiserver-certificate
trap 'rm -rf "$CONFIG" "$FOLDER"' EXIT
trap '' HUP PIPE
trap 'pair_from "$kept"; exit 143' TERM
pair_from() { # FOLDER; where it has none, that which is there stays
    [ ! -e "$1/apiserver.key" ] || { copied "$1/apiserver.key" $pki/apiserver.key && copied "$1/apiserver.crt" $pki/apiserver.crt; }
}
# The kubelet starts its container anew at once.
restarted() {
    before=$(containers $component running | tr '\n' ' ')
    for id in $before; do
        $tool stop -t 30 "$id" >/dev/null || return 1
    done
    wait_until runs_anew $component "$before"
}
fail() {
    last_words $component "$before"
    if ! pair_from "$kept"; then
        echo "$HOST: $1, and the old certificate could not be put back from $kept; put it back, then run this again."
    elif restarted; then
        rm -rf "$kept"
        echo "$HOST: $1; its old certificate is back and serves; see the lines above, then run this again."
    else
        echo "$HOST: $1, nor does it serve with its old certificate, which is back; see \`$tool ps -a\` there, then run this again."
    fi >&2
    exit 1
}

[ -e "$manifests/$component.yaml" ] || refuse "$manifests/$component.yaml is missing" "write it again"
containers $component running >/dev/null || refuse "\`$tool ps\` failed" "see the error above"
systemctl -q is-active kubelet || refuse "the kubelet is not running" "start it"
# Kept by another change that was cut off: what serves now is what stood before this one.
if [ "$(cat "$kept/change" 2>/dev/null)" != "$CHANGE" ] && [ -e $pki/apiserver.key ] && serves_twice $component; then
    rm -rf "$kept"
fi
rm -rf "$FOLDER" && mkdir -p -m 700 "$kept" "$FOLDER" && ln -s $pki/ca.crt $pki/ca.key "$FOLDER/" && echo "$CHANGE" >"$kept/change" ||
    refuse "$kept and $FOLDER cannot be made" "see the error above"
kubeadm init phase certs apiserver --config "$CONFIG" && [ -s "$FOLDER/apiserver.crt" ] && [ -s "$FOLDER/apiserver.key" ] ||
    refuse "kubeadm made no certificate of its API server, and the old one stays" "see the lines above"
# The key comes last: with it the pair that served is whole.
if [ ! -e "$kept/apiserver.key" ]; then
    copied $pki/apiserver.crt "$kept/apiserver.crt" && copied $pki/apiserver.key "$kept/apiserver.key" ||
        refuse "its certificate cannot be copied" "see the error above"
fi
sync # their names, too, are on the disk before anything is changed
pair_from "$FOLDER" || fail "its new certificate could not be put in place"
restarted || fail "its API server does not serve with its new certificate"
rm -rf "$kept"
