# HOST, CONFIG, FOLDER, CHANGE: has kubeadm make the API server's certificate anew, and restarts it. Stands behind static-pod.sh.
#
# CONFIG: kubeadm's file, removed afterwards. FOLDER: the folder in which it has kubeadm make the certificate, beside the one
# that serves; removed afterwards, too. CHANGE: a word that is the same for a change that goes on.
#
# The old certificate is kept until the new one serves, and put back where it does not.
component=kube-apiserver
pki=/etc/kubernetes/pki
trap 'rm -rf "$CONFIG" "$FOLDER"' EXIT
trap '' HUP PIPE
trap 'pair_from "$kept_pair"; exit 143' TERM
fail() {
    last_words $component "$before"
    if ! pair_from "$kept_pair"; then
        echo "$HOST: $1, and the old certificate could not be put back from $kept_pair; put it back, then run this again."
    elif restarted $component; then
        rm -rf "$kept_pair"
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
if [ "$(cat "$kept_pair/change" 2>/dev/null)" != "$CHANGE" ] && [ -e $pki/apiserver.key ] && serves_twice $component; then
    rm -rf "$kept_pair"
fi
rm -rf "$FOLDER" && mkdir -p -m 700 "$kept_pair" "$FOLDER" && ln -s $pki/ca.crt $pki/ca.key "$FOLDER/" && echo "$CHANGE" >"$kept_pair/change" ||
    refuse "$kept_pair and $FOLDER cannot be made" "see the error above"
if ! kubeadm init phase certs apiserver --config "$CONFIG" || [ ! -s "$FOLDER/apiserver.crt" ] || [ ! -s "$FOLDER/apiserver.key" ]; then
    # A run that was cut off may have put half of a pair in place.
    [ ! -e "$kept_pair/apiserver.key" ] || fail "kubeadm made no certificate of its API server"
    refuse "kubeadm made no certificate of its API server, and the old one stays" "see the lines above"
fi
# The key comes last: with it the pair that served is whole.
if [ ! -e "$kept_pair/apiserver.key" ]; then
    copied $pki/apiserver.crt "$kept_pair/apiserver.crt" && copied $pki/apiserver.key "$kept_pair/apiserver.key" ||
        refuse "its certificate cannot be copied" "see the error above"
fi
timeout 60 sync || true # their names, too, are on the disk before anything is changed
pair_from "$FOLDER" || fail "its new certificate could not be put in place"
restarted $component || fail "its API server does not serve with its new certificate"
rm -rf "$kept_pair"
