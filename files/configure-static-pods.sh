# HOST, CONFIG, COMPONENTS, IMAGES, CHANGE, LIMIT: generates static pods of this control plane anew, and waits for each.
# Stands behind static-pod.sh.
#
# CONFIG: kubeadm's file, removed afterwards. COMPONENTS: in their order. IMAGES: "yes" where they are pulled before. CHANGE:
# a word that is the same for a change that goes on.
#
# The manifests of before are kept outside until all serve. Where one does not come up, all of them are put back.
trap 'rm -f "$CONFIG"' EXIT
trap '' HUP PIPE
trap 'restore; exit 143' TERM
spec() { sed -n '/^spec:/,$p' "$1"; }
phase() {
    case $1 in
        etcd) echo etcd local ;;
        kube-*) echo "control-plane ${1#kube-}" ;;
    esac
}
fail() { # COMPONENT, REASON
    last_words "$1" "$(cat "$kept_pods/$1.containers")"
    if ! restore; then
        echo "$HOST: $1 $2, and its old manifest could not be put back from $kept_pods; put it back, then run this again."
    elif wait_until all_serve; then
        rm -rf "$kept_pods"
        echo "$HOST: $1 $2; its old manifest is back and serves; see its last lines above, correct the setting, then run this again."
    else
        echo "$HOST: $1 $2, nor does it serve with its old manifest, which is back; see \`$tool ps -a\` there, then run this again."
    fi >&2
    exit 1
}

for component in $COMPONENTS; do
    [ -e "$manifests/$component.yaml" ] || refuse "$manifests/$component.yaml is missing" "write it again"
    containers "$component" running >/dev/null || refuse "\`$tool ps\` failed" "see the error above"
done
systemctl -q is-active kubelet || refuse "the kubelet is not running" "start it"
# Kept by another change that was cut off: what serves now is what stood before this one.
if [ -e "$kept_pods" ] && [ "$(cat "$kept_pods/change" 2>/dev/null)" != "$CHANGE" ] && all_serve; then
    rm -rf "$kept_pods"
fi
if [ -n "$IMAGES" ]; then
    timeout 600 kubeadm config images pull --config "$CONFIG" || refuse "the images cannot be pulled" "see the lines above"
fi
mkdir -p -m 700 "$kept_pods" && echo "$CHANGE" >"$kept_pods/change" || refuse "$kept_pods cannot be written" "see the error above"
for component in $COMPONENTS; do
    # What runs is by the old manifest as long as that is in place, also what the kubelet has started anew since a cut.
    if [ -e "$kept_pods/$component.yaml" ] && ! cmp -s "$kept_pods/$component.yaml" "$manifests/$component.yaml"; then continue; fi
    running_ids "$component" >"$kept_pods/$component.containers" || refuse "\`$tool ps\` failed" "see the error above"
    copied "$manifests/$component.yaml" "$kept_pods/$component.yaml" ||
        refuse "$manifests/$component.yaml cannot be copied" "see the error above"
done
timeout 60 sync || true # their names, too, are on the disk before anything is changed
for component in $COMPONENTS; do
    # shellcheck disable=SC2046 # two words
    kubeadm init phase $(phase "$component") --config "$CONFIG" || fail "$component" "was not configured by kubeadm"
    if [ "$(spec "$kept_pods/$component.yaml")" = "$(spec "$manifests/$component.yaml")" ]; then
        wait_until serves_twice "$component" || fail "$component" "does not serve"
    else
        wait_until runs_anew "$component" "$(cat "$kept_pods/$component.containers")" ||
            fail "$component" "did not come up within $LIMIT seconds"
    fi
done
rm -rf "$kept_pods"
