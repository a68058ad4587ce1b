# KEPT, LINES: words NAME=PATH for files, and lines "SUBJECT VALUE", of what stands on the host before it is changed.
#
# They are kept for a reset to give back, once: what an earlier run has kept, be it of one subject, is never overwritten.
folder=/var/lib/k8s-ha/before
umask 077
mkdir -p -m 755 /var/lib/k8s-ha && mkdir -p "$folder" || exit 1
added=
for pair in $KEPT; do
    name=${pair%%=*} path=${pair#*=}
    if [ -e "$folder/$name" ] || [ ! -e "$path" ]; then continue; fi
    cp -aL "$path" "$folder/$name.new" &&
        dd if=/dev/null of="$folder/$name.new" conv=notrunc,fsync status=none &&
        mv -f "$folder/$name.new" "$folder/$name" || exit 1
    added=yes
done
fresh=$(
    echo "$LINES" | while read -r subject value; do
        grep -qs "^$subject " "$folder/state" || echo "$subject $value"
    done
)
if [ -n "$fresh" ]; then
    { [ ! -e "$folder/state" ] || cat "$folder/state"; } >"$folder/state.new" &&
        echo "$fresh" | dd of="$folder/state.new" oflag=append conv=notrunc,fsync status=none &&
        mv -f "$folder/state.new" "$folder/state" || exit 1
    added=yes
fi
# The names of the files, too, are on the disk before anything is changed.
[ -z "$added" ] || timeout 60 sync || true
