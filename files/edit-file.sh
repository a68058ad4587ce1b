# FILE, HELD, WANTED: the path of a file that is its owner's; the SHA-256 of what was read from it, and of what stands on stdin,
# in base64, to take its place.
#
# The file keeps its mode, owner, label, access list and links. It is replaced in one step, and only where it still holds
# what was read. What shall take its place is on the disk before, so that a power cut leaves one of the two.
digest() { sha256sum | cut -d ' ' -f 1; }
refuse() {
    echo "$FILE was not written: $1" >&2
    exit 1
}
umask 022
real=$(readlink -m "$FILE")
beside=$real.k8s-ha-new
mkdir -p "${real%/*}" || exit 1
if [ -e "$real" ]; then held=$(digest <"$real"); else held=$(digest </dev/null); fi
[ "$held" = "$HELD" ] || refuse "somebody else has changed it since it was read; run this again."
trap 'rm -f "$beside"' EXIT
rm -f "$beside"
if [ -e "$real" ]; then cp -a "$real" "$beside"; else install -m 644 /dev/null "$beside"; fi || exit 1
base64 -d | dd of="$beside" conv=fsync status=none || exit 1
[ "$(digest <"$beside")" = "$WANTED" ] || refuse "what should take its place did not arrive whole; run this again."
# A file of several names, or with a mount of its own, cannot be replaced under all of them: it is written in place.
if [ -e "$real" ] && { [ "$(stat -c %h "$real")" -gt 1 ] || [ "$(stat -c %m "$real")" = "$real" ]; }; then
    dd if="$beside" of="$real" conv=fsync status=none && exit 0
else
    mv -f "$beside" "$real" && exit 0
fi
case $(lsattr -d "$real" 2>/dev/null | cut -d ' ' -f 1) in
    *[ia]*) refuse "it is immutable; run \`chattr -i -a $real\` there, then run this again." ;;
esac
refuse "see the error above, fix it, and run this again."
