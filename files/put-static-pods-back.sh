# HOST, LIMIT: has run again what a change that was cut off has kept: manifests, an API server's certificate. Stands behind
# static-pod.sh.
#
# A manifest of another version than the kept one is not the change's, and stays. What else is replaced is kept in its turn.
replaced=/var/lib/k8s-ha/replaced
versions() { sed -n 's/^ *image: .*:\([^:]*\)$/\1/p' "$1" 2>/dev/null; }
COMPONENTS=kube-apiserver
for file in "$kept_pods"/*.yaml; do
    [ -e "$file" ] || continue
    name=${file##*/} held=$(versions "$manifests/${file##*/}")
    [ -z "$held" ] || [ "$held" = "$(versions "$file")" ] ||
        refuse "$manifests/$name is of $held, the one that a change has kept in $kept_pods of $(versions "$file")" "see which is right, remove the kept one"
    case $name in kube-apiserver.yaml) ;; *) COMPONENTS="$COMPONENTS ${name%.yaml}" ;; esac
done
for file in "$kept_pods"/*.yaml; do
    name=${file##*/}
    [ -s "$manifests/$name" ] && [ -e "$file" ] && ! cmp -s "$file" "$manifests/$name" || continue
    mkdir -p -m 700 "$replaced" && copied "$manifests/$name" "$replaced/$name" ||
        refuse "$manifests/$name cannot be copied" "see the error above"
    echo "what $manifests/$name was is in $replaced/$name"
done
pair_from "$kept_pair" || refuse "its old certificate could not be put back from $kept_pair" "put it back"
restore || refuse "its old manifests could not be put back from $kept_pods" "put them back"
if ! wait_until all_serve; then
    last_words "$each" ""
    refuse "$each does not serve with what it had before, which is back" "see \`$tool ps -a\` there"
fi
rm -rf "$kept_pods" "$kept_pair"
