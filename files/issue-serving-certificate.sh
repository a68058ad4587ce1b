# HOST, CONFIG, CHANGE: has kubeadm make the API server's certificate anew, and restarts it. Stands behind static-pod.sh.
#
# CONFIG: kubeadm's file, removed afterwards. CHANGE: a word that is the same for a change that goes on. kubeadm never overwrites a certificate, so the old one is moved aside, kept
# until the new one serves, and put back where it does not.
component=kube-apiserver
pki=/etc/kubernetes/pki
kept=/var/lib/k8s-ha/apiserver-certificate
# The manifest is out of its folder for a moment only: it is moved back however this ends, or by the next one.
manifest_back() { [ ! -e "$outside/$component.yaml" ] || [ -e "$manifests/$component.yaml" ] || mv "$outside/$component.yaml" "$manifests/"; }
trap 'manifest_back; rm -f "$CONFIG"' EXIT
trap '' HUP PIPE
trap 'pair_back; exit 143' TERM
copied() { cp -p "$1" "$2.k8s-ha-new" && mv -f "$2.k8s-ha-new" "$2"; }
pair_back() {
    [ ! -e "$kept/apiserver.key" ] || { copied "$kept/apiserver.crt" $pki/apiserver.crt && copied "$kept/apiserver.key" $pki/apiserver.key; }
}
gone() { left=$(containers $component running) && [ -z "$left" ]; }
restarted() {
    before=$(containers $component running | tr '\n' ' ')
    mv "$manifests/$component.yaml" "$outside/" || return 1
    wait_until gone
    ended=$?
    manifest_back && [ $ended = 0 ] && wait_until runs_anew $component "$before"
}
fail() {
    [ -z "$2" ] || last_words $component "$before"
    if ! pair_back; then
        echo "$HOST: $1, and the old certificate could not be put back from $kept; put it back, then run this again."
    elif [ -z "$2" ] || restarted; then
        rm -rf "$kept"
        echo "$HOST: $1; its old certificate is back and serves; see the lines above, then run this again."
    else
        echo "$HOST: $1, nor does it serve with its old certificate, which is back; see \`$tool ps -a\` there, then run this again."
    fi >&2
    exit 1
}

mkdir -p -m 700 "$outside" "$kept" || refuse "$outside or $kept cannot be made" "see the error above"
manifest_back || refuse "its manifest cannot be moved back from $outside" "move it to $manifests"
[ -e "$manifests/$component.yaml" ] || refuse "$manifests/$component.yaml is missing" "write it again"
containers $component running >/dev/null || refuse "\`$tool ps\` failed" "see the error above"
systemctl -q is-active kubelet || refuse "the kubelet is not running" "start it"
# Kept by another change that was cut off: what serves now is what stood before this one.
if [ "$(cat "$kept/change" 2>/dev/null)" != "$CHANGE" ] && [ -e $pki/apiserver.key ] && serves_twice $component; then
    rm -f "$kept"/*
fi
echo "$CHANGE" >"$kept/change" || refuse "$kept cannot be written" "see the error above"
# The key comes last: with it the pair that served is whole.
if [ ! -e "$kept/apiserver.key" ]; then
    copied $pki/apiserver.crt "$kept/apiserver.crt" && copied $pki/apiserver.key "$kept/apiserver.key" ||
        refuse "its certificate cannot be copied" "see the error above"
fi
rm -f $pki/apiserver.crt $pki/apiserver.key
kubeadm init phase certs apiserver --config "$CONFIG" || fail "kubeadm made no certificate of its API server" ""
restarted || fail "its API server does not serve with its new certificate" restart
rm -rf "$kept"
