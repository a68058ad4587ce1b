# TARGET, PROGRAM, WORDS: Docker's daemon.json; dockerd, and the words that its unit starts it with, each quoted. What shall take the
# file's place stands on stdin, in base64.
#
# Asks dockerd itself whether it would start with that, before the file is touched.
[ -x "$PROGRAM" ] || exit 0
umask 077
mkdir -p /run/k8s-ha && new=$(mktemp /run/k8s-ha/daemon.json.XXXXXX) || exit 1
trap 'rm -f "$new"' EXIT
base64 -d >"$new" || exit 1
eval "set -- $WORDS"
if "$PROGRAM" --help 2>&1 | grep -q -e --validate; then
    said=$(timeout 30 "$PROGRAM" --validate --config-file "$new" "$@" 2>&1) && exit 0
elif id -u nobody >/dev/null 2>&1 && command -v runuser >/dev/null 2>&1; then
    # Before 23.0: it reads flags and file first, and then will not go on without root, before it creates anything.
    said=$(timeout 30 runuser -u nobody -- sh -c 'cat | "$@"' sh "$PROGRAM" --config-file /dev/stdin "$@" <"$new" 2>&1)
    case $said in *"needs to be started with root"* | *"ermission denied"*) exit 0 ;; esac
else
    exit 0
fi
echo "$said" | tail -n 3 | sed -e "s,$new,$TARGET," -e "s,/dev/stdin,$TARGET," >&2
echo "$TARGET was not changed: dockerd would not start with what should stand in it; fix what it says, then run this again." >&2
exit 1
