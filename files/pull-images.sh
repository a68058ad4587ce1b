# HOST, CONFIG, NEEDED, MORE, PULL: pulls the images that a host starts with, three at once.
#
# CONFIG: kubeadm's configuration, which says of which release. NEEDED: extended regular expression of those that this host
# starts, all where it is empty. MORE: others, separated by blanks. PULL: shell that has the image "$1".
fail() {
    echo "$HOST: no image was pulled: $1; see the lines above, then run this again." >&2
    exit 1
}
# In steps and not in one pipe, which would end well whatever its first command says.
images=$(printf %s "$CONFIG" | kubeadm config images list --config /dev/stdin) ||
    fail "\`kubeadm config images list\` failed"
if [ -n "$NEEDED" ]; then
    images=$(printf '%s\n' "$images" | grep -E -e "$NEEDED") || images=
fi
[ -n "$images" ] || fail "\`kubeadm config images list\` names none that this host starts"
# shellcheck disable=SC2086 # each of MORE is a word
printf '%s\n' $images $MORE | xargs -r -n 1 -P 3 sh -c "$PULL" pull
