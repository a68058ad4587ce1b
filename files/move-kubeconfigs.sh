# HOST, ACTION, FILES, FORMER, SERVER, AUTHORITIES, CHANGE, COMPONENTS, IS_NODE: has a host's kubeconfigs name another endpoint. Stands
# behind kubelet-is-up.sh, kubeconfig-clusters.sh and static-pod.sh.
#
# ACTION: "move" changes the server of each cluster of FILES that has one of the servers FORMER and one of the AUTHORITIES to SERVER,
# and restarts who reads what was changed. "restore" puts all of them back. "keep" forgets the former ones, since the node is
# Ready. CHANGE: a word that is the same for a change that goes on. IS_NODE: "yes" where a kubelet runs.
#
# The former files are kept until all serve with the new ones: what of them is kept tells whom a run that was cut off has still
# to restart.
folder=/var/lib/k8s-ha/kubeconfigs
trap '' HUP PIPE
readers='controller-manager.conf=kube-controller-manager scheduler.conf=kube-scheduler'
is_kept() { [ -e "$folder/$1" ]; }
# FROM, TO: with TO's mode, owner, label and links; a file of several names, or a mount, is written in place.
put() {
    real=$(readlink -f "$2") && beside=$real.k8s-ha-new || return 1
    cp -a "$real" "$beside" && dd if="$1" of="$beside" conv=fsync status=none || return 1
    if [ "$(stat -c %h "$real")" -gt 1 ] || [ "$(stat -c %m "$real")" = "$real" ]; then
        dd if="$beside" of="$real" conv=fsync status=none && rm -f "$beside"
    else
        mv -f "$beside" "$real"
    fi
}
readers_restarted() {
    for pair in $readers; do
        ! is_kept "${pair%%=*}" || restarted "${pair#*=}" || return 1
    done
    ! is_kept kubelet.conf || { systemctl restart kubelet.service && kubelet_is_up; }
}
put_back() {
    [ -e "$folder/change" ] || return 1
    while read -r name path; do
        ! is_kept "$name" || cmp -s "$folder/$name" "$path" || put "$folder/$name" "$path" || return 1
    done <"$folder/list"
    readers_restarted && rm -rf "$folder"
}
fail() {
    if put_back; then
        echo "$HOST: $1; its former kubeconfigs are back, and whoever reads them runs; see the lines above, then run this again."
    else
        echo "$HOST: $1, and its former kubeconfigs could not be put back from $folder; see the lines above, then run this again."
    fi >&2
    exit 1
}
case $ACTION in
    restore) put_back && exit 0 || exit 1 ;;
    keep) rm -rf "$folder" && exit 0 || exit 1 ;;
esac
# Kept by another change that was cut off: what stands now is what stood before this one.
if [ -e "$folder/change" ] && [ "$(cat "$folder/change")" != "$CHANGE" ]; then
    if [ -n "$IS_NODE" ] && ! systemctl -q is-active kubelet.service; then put_back || true; fi
    rm -rf "$folder"
fi
# Copies of one that was cut off before it changed anything may be older than what stands.
[ -e "$folder/change" ] || rm -rf "$folder"
mkdir -p -m 700 "$folder" && touch "$folder/list" || refuse "$folder cannot be made" "see the error above"
for file in $FILES; do
    name=${file##*/}
    is_kept "$name" && continue
    cp -p "$file" "$folder/$name.new" && dd if=/dev/null of="$folder/$name.new" conv=notrunc,fsync status=none &&
        echo "$name $file" >>"$folder/list" && mv -f "$folder/$name.new" "$folder/$name" ||
        refuse "$file cannot be copied" "see the error above"
done
echo "$CHANGE" >"$folder/change" || refuse "$folder cannot be written" "see the error above"
timeout 60 sync || true # their names, too, are on the disk before anything is changed
umask 077
while read -r name path; do
    is_kept "$name" || continue
    moved "$FORMER" "$SERVER" "$AUTHORITIES" <"$path" >"$folder/moved" && [ -s "$folder/moved" ] || fail "$path could not be read"
    cmp -s "$folder/moved" "$path" || put "$folder/moved" "$path" || fail "$path could not be written"
done <"$folder/list"
rm -f "$folder/moved"
timeout 60 sync || true
# The way, the name in the certificate and the kubelet's own identity, before anything is restarted.
if is_kept kubelet.conf; then
    for try in 1 2 3 4 5; do
        said=$(timeout 20 kubectl --kubeconfig /etc/kubernetes/kubelet.conf --request-timeout=10s get --raw /readyz 2>&1) && said= && break
        sleep 1
    done
    [ -z "$said" ] || { echo "$said" | tail -n 2; fail "it does not reach the API at $SERVER"; }
fi
readers_restarted || fail "not all who read its kubeconfigs came up with the new endpoint"
