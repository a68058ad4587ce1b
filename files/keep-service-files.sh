# UNIT, FILES: a service, and the files of its configuration that are replaced next: lines "SHA256 PATH", the sum being of what
# each will hold.
#
# Keeps them as they are, until the service has come up with the new ones; and what stood in the owner's files before this
# package's first change, and whether the service ran and was enabled, for good. Stands behind keep-unit-state.sh.
folder=/var/lib/k8s-ha
undo=$folder/undo/$UNIT
umask 077
mkdir -p -m 755 "$folder" || exit 1
rm -rf "$undo" && mkdir -p "$undo" || exit 1
keep_unit_state "$folder/$UNIT.digest" "${UNIT%.service}" || exit 1
number=0
echo "$FILES" | while read -r sum path; do
    number=$((number + 1))
    real=$(readlink -m "$path")
    [ ! -e "$real" ] || cp -a "$real" "$undo/$number" || exit 1
    echo "$number $sum $real" >>"$undo/files"
    before=$folder/before/${path##*/}
    if [ -e "$real" ] && [ ! -e "$before" ] && [ ! -e "$folder/$UNIT.digest" ] && ! head -n 1 "$real" | grep -q 'Written by k8s_ha'; then
        mkdir -p "$folder/before" && cp -aL "$real" "$before.new" && mv -f "$before.new" "$before" || exit 1
    fi
done || exit 1
rm -f "$folder/$UNIT.digest"
